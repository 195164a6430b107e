using Dlrm.Training;

namespace Dlrm.Tests.Training;

/// <summary>Test passes with a given loss.</summary>
internal static class TestRecords
{
    public static EvaluationRecord Of(long step, double loss)
    {
        var metrics = new EvaluationMetrics
        {
            Samples = 1,
            LabelRate = 0,
            MeanScore = 0,
            LogLoss = loss,
            Accuracy = 0,
            Auc = null,
            AveragePrecision = null,
            Precision = null,
            Recall = null,
            F1 = null,
            NormalizedEntropy = null,
            Calibration = null,
        };
        return new EvaluationRecord(step, (int)step, 100, 0, metrics, loss, 0, null, IsBest: false);
    }
}
