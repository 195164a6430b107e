namespace Dlrm.Training;

/// <summary>Where a run goes on that another program began (<see cref="Trainer.StartAfter"/>).</summary>
public sealed record TrainingStart
{
    /// <summary>The epoch under way, from 0.</summary>
    public int Epoch { get; init; }

    /// <summary>Steps done in it; as many as an epoch has, or more, when it is complete.</summary>
    public int Iteration { get; init; }

    /// <summary>Highest accuracy of the tests so far, in [0, 1].</summary>
    public double BestAccuracy { get; init; }

    /// <summary>Σ loss · samples since the last report.</summary>
    public double LossSum { get; init; }
}
