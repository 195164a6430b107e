using Dlrm.Training;

namespace Dlrm.Data.Scoring.Files;

/// <summary>What came of scoring files.</summary>
public sealed record ScoringReport
{
    /// <summary>Rows, bad ones included.</summary>
    public required long Rows { get; init; }

    /// <summary>Rows with an empty score.</summary>
    public required long BadRows { get; init; }

    /// <summary>The first few of them, described.</summary>
    public required IReadOnlyList<string> Examples { get; init; }

    /// <summary>Time from the first byte read to the last byte written.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>The part of it in which the model computed, with all threads.</summary>
    public required TimeSpan ModelTime { get; init; }

    /// <summary>By raw field of the encoder.</summary>
    public required IReadOnlyList<FieldCounts> Fields { get; init; }

    /// <summary>Scores against labels; null unless asked for.</summary>
    public EvaluationMetrics? Metrics { get; init; }
}
