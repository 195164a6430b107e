using Dlrm.Training;

namespace Dlrm.Tests.Training;

/// <summary>Keeps rates and warnings.</summary>
internal sealed class SilentObserver : ITrainingObserver
{
    public List<double> Rates { get; } = [];

    public List<string> Warnings { get; } = [];

    public void Started(TrainingPlan plan)
    {
    }

    public void Stepped(long step, long samples)
    {
    }

    public void Trained(TrainRecord record) => Rates.Add(record.LearningRate);

    public void Testing(TrainRecord record)
    {
    }

    public void Evaluated(EvaluationRecord record)
    {
    }

    public void Warned(string message) => Warnings.Add(message);
}
