using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>An observer that listens to nothing; derived ones listen to what they need.</summary>
internal abstract class TrainingObserver : ITrainingObserver
{
    public virtual void Started(TrainingPlan plan)
    {
    }

    public virtual void Stepped(long step, long samples)
    {
    }

    public virtual void Trained(TrainRecord record)
    {
    }

    public virtual void Testing(TrainRecord record)
    {
    }

    public virtual void Evaluated(EvaluationRecord record)
    {
    }

    public virtual void Warned(string message)
    {
    }
}
