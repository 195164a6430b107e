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

    public virtual void EvaluatedPart(EvaluationRecord record)
    {
    }

    public virtual void Warned(string message)
    {
    }

    /// <summary>After the last step or test.</summary>
    /// <param name="end">How the run ended.</param>
    public virtual void Ended(RunEnd end)
    {
    }
}

/// <summary>How a run ended.</summary>
/// <param name="Outcome">One of <see cref="Completed"/>, <see cref="TargetReached"/>, <see cref="Interrupted"/>, <see cref="Failed"/>.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Samples">Samples done.</param>
internal sealed record RunEnd(string Outcome, long Step, long Samples)
{
    public const string Completed = "completed";
    public const string TargetReached = "target reached";
    public const string Interrupted = "interrupted";
    public const string Failed = "failed";

    /// <summary>The end that training came to.</summary>
    public static RunEnd Of(TrainingResult result) => new(
        result.End switch
        {
            TrainingEnd.TargetReached => TargetReached,
            TrainingEnd.Interrupted => Interrupted,
            _ => Completed,
        },
        result.Steps,
        result.Samples);
}
