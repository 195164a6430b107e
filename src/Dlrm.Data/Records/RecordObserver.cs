using Dlrm.Training;

namespace Dlrm.Data.Records;

/// <summary>Tells of each pass.</summary>
/// <param name="progress">Whom to tell; null for nobody.</param>
internal sealed class RecordObserver(Action<RecordProgress>? progress) : ITrainingObserver
{
    private bool _tests;
    private double _trainingLoss;

    public void Started(TrainingPlan plan) => _tests = plan.TestBatches > 0;

    public void Stepped(long step, long samples)
    {
    }

    public void Trained(TrainRecord record)
    {
        _trainingLoss = record.Loss;
        if (!_tests)
        {
            progress?.Invoke(new RecordProgress(record.Epoch + 1, record.Step, record.Loss, null, null));
        }
    }

    public void Testing(TrainRecord record)
    {
    }

    public void Evaluated(EvaluationRecord record) => progress?.Invoke(
        new RecordProgress(record.Epoch + 1, record.Step, _trainingLoss, record.Metrics.LogLoss, record.Metrics.Auc));

    public void Warned(string message)
    {
    }
}
