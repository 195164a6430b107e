namespace Dlrm.Training;

/// <summary>The curves of one pass over a labelled set with both classes: small, exact where they have points.</summary>
public sealed record EvaluationCurves
{
    /// <summary>The ROC curve from (0, 0) to (1, 1), a few hundred of its exact points.</summary>
    public required IReadOnlyList<RocPoint> Roc { get; init; }

    /// <summary>Precision over recall, from the highest threshold down, a few hundred of its exact points.</summary>
    public required IReadOnlyList<PrecisionRecallPoint> PrecisionRecall { get; init; }

    /// <summary>Observed against predicted rates, by ascending score.</summary>
    public required IReadOnlyList<CalibrationBin> Calibration { get; init; }

    /// <summary>How scores are distributed, by label.</summary>
    public required ScoreHistogram Scores { get; init; }
}
