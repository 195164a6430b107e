namespace Dlrm.Layers;

/// <summary>Binary cross-entropy in which each sample counts by its label; the mean still divides by B.</summary>
/// <remarks>As the reference does, a label below 1 takes the first weight. See <see cref="BceLoss"/> for the rest.</remarks>
public sealed class WeightedBceLoss : BceLoss
{
    /// <summary>A loss.</summary>
    /// <param name="threshold">See <see cref="Loss(string, float)"/>.</param>
    /// <param name="negativeWeight">Weight of samples that were not clicked.</param>
    /// <param name="positiveWeight">Weight of samples that were.</param>
    public WeightedBceLoss(float threshold, double negativeWeight, double positiveWeight)
        : base("wbce", threshold, negativeWeight, positiveWeight)
    {
    }
}
