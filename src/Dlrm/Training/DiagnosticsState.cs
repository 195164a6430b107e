namespace Dlrm.Training;

/// <summary>What <see cref="RunDiagnostics"/> remembers between two steps, for a checkpoint.</summary>
internal sealed record DiagnosticsState
{
    public double LearningRate { get; init; }

    public long Samples { get; init; }

    public bool WatchedEnough { get; init; }

    public bool SaidOutput { get; init; }

    public bool SaidRise { get; init; }

    public EvaluationRecord? Suspicious { get; init; }

    public LossTrendState? Loss { get; init; }

    /// <summary>Null once enough was seen.</summary>
    public FeatureWatchState? Features { get; init; }
}

/// <summary>Of <see cref="LossTrend"/>: the last two intervals, the estimate of the noise, and the blocks of each length.</summary>
internal sealed record LossTrendState(
    LossBlock Previous, LossBlock BeforePrevious, double VarianceSum, long Intervals, IReadOnlyList<LossLevelState> Levels);

/// <summary>Blocks of one length: how many there ever were, and the ring of the last ones.</summary>
internal sealed record LossLevelState(long Count, LossBlock[] Ring);

/// <summary>Of <see cref="FeatureWatch"/>: what each feature was at first, and whether it has changed.</summary>
internal sealed record FeatureWatchState(
    float[] Dense, bool[] DenseChanged, int[] Row, int[] BagLength, bool[] TableChanged, double LabelSum, long Samples, bool FractionalLabels);
