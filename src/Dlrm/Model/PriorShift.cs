using Dlrm.Layers;

namespace Dlrm.Model;

/// <summary>Brings scores of a model that saw only some of the negatives to the rate of other data.</summary>
/// <remarks>
/// Where a share k of the negatives was kept, the odds that a model learns are 1/k times the true ones. So the logit of a
/// model trained with k is shifted by ln(k) − ln(k of the data scored): of the last bias, which changes nothing else.
/// </remarks>
public static class PriorShift
{
    /// <summary>What is added to the logit.</summary>
    /// <param name="trained">The share of negatives that training did not see, in [0, 1).</param>
    /// <param name="scored">The share of negatives dropped from the data to score, in [0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">A share lies outside: without any negative there are no odds.</exception>
    public static double Of(double trained, double scored = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(trained is >= 0 and < 1, true, nameof(trained));
        ArgumentOutOfRangeException.ThrowIfNotEqual(scored is >= 0 and < 1, true, nameof(scored));
        return Math.Log(1 - trained) - Math.Log(1 - scored);
    }

    /// <summary>Adds a shift to the model's last bias.</summary>
    /// <param name="model">The loaded model.</param>
    /// <param name="shift">What to add to the logit.</param>
    public static void Apply(DlrmModel model, double shift)
    {
        Parameter bias = model.Parameters.Last(parameter =>
            parameter.Name.StartsWith("top_l.", StringComparison.Ordinal) && parameter.Name.EndsWith(".bias", StringComparison.Ordinal));
        bias.Value[0] += (float)shift;
        model.ParametersChanged();
    }
}
