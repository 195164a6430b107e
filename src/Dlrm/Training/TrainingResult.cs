namespace Dlrm.Training;

/// <summary>How training ended.</summary>
public enum TrainingEnd
{
    /// <summary>All epochs are done.</summary>
    Completed,

    /// <summary>A test reached the accuracy or AUC asked for.</summary>
    TargetReached,

    /// <summary>No test was better for as long as early stopping waits.</summary>
    StoppedEarly,

    /// <summary>It was asked to stop; the step under way was finished.</summary>
    Interrupted,
}

/// <summary>What a training run came to.</summary>
public sealed record TrainingResult
{
    /// <summary>How it ended.</summary>
    public required TrainingEnd End { get; init; }

    /// <summary>Steps taken.</summary>
    public required long Steps { get; init; }

    /// <summary>Samples trained on.</summary>
    public required long Samples { get; init; }

    /// <summary>Time in training steps, tests not included.</summary>
    public required TimeSpan TrainingTime { get; init; }

    /// <summary>The last test, null without tests.</summary>
    public EvaluationRecord? Last { get; init; }

    /// <summary>The best test, null without tests.</summary>
    public EvaluationRecord? Best { get; init; }

    /// <summary>Mean loss of the last interval.</summary>
    public TrainRecord? LastInterval { get; init; }
}
