using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>Several observers as one, told in order.</summary>
internal sealed class Observers(params ITrainingObserver[] members) : ITrainingObserver
{
    public void Started(TrainingPlan plan)
    {
        foreach (ITrainingObserver member in members)
        {
            member.Started(plan);
        }
    }

    public void Stepped(long step, long samples)
    {
        foreach (ITrainingObserver member in members)
        {
            member.Stepped(step, samples);
        }
    }

    public void Trained(TrainRecord record)
    {
        foreach (ITrainingObserver member in members)
        {
            member.Trained(record);
        }
    }

    public void Testing(TrainRecord record)
    {
        foreach (ITrainingObserver member in members)
        {
            member.Testing(record);
        }
    }

    public void Evaluated(EvaluationRecord record)
    {
        foreach (ITrainingObserver member in members)
        {
            member.Evaluated(record);
        }
    }

    public void EvaluatedPart(EvaluationRecord record)
    {
        foreach (ITrainingObserver member in members)
        {
            member.EvaluatedPart(record);
        }
    }

    public void Warned(string message)
    {
        foreach (ITrainingObserver member in members)
        {
            member.Warned(message);
        }
    }
}
