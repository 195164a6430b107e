namespace Dlrm.Training;

/// <summary>What tests are compared by.</summary>
internal static class TestLoss
{
    /// <summary>
    /// The log loss, which punishes overfitting sooner than AUC or accuracy; the model's own loss where that is undefined. An
    /// undefined one counts as infinite.
    /// </summary>
    public static double Of(EvaluationRecord record)
    {
        double loss = record.Metrics.LogLoss ?? record.Loss;
        return double.IsNaN(loss) ? double.PositiveInfinity : loss;
    }
}
