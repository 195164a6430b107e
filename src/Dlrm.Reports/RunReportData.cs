using Dlrm.Reports.Recorded;
using Dlrm.Training;

namespace Dlrm.Reports;

/// <summary>Everything that a report shows of one training run; nothing else is looked at.</summary>
public sealed record RunReportData
{
    /// <summary>What was trained on, e.g. <c>Adult census income</c>; the heading.</summary>
    public required string Title { get; init; }

    /// <summary>How the run ended, e.g. <c>completed</c> or <c>interrupted after step 512</c>.</summary>
    public string Outcome { get; init; } = "completed";

    /// <summary>When the run started; null to leave it out.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>Time in training steps, tests not included; null where it was not measured.</summary>
    public TimeSpan? TrainingTime { get; init; }

    /// <summary>The loss that was trained: mse, bce or wbce.</summary>
    public required string Loss { get; init; }

    /// <summary>Every training interval, in order.</summary>
    public required IReadOnlyList<TrainRecord> Training { get; init; }

    /// <summary>Every test pass, in order.</summary>
    public required IReadOnlyList<EvaluationRecord> Evaluations { get; init; }

    /// <summary>Passes over further test sets, in order; <see cref="EvaluationRecord.Part"/> names the set.</summary>
    public IReadOnlyList<EvaluationRecord> FurtherTests { get; init; } = [];

    /// <summary>Curves of the last test pass; null where there are none.</summary>
    public EvaluationCurves? Curves { get; init; }

    /// <summary>The last test pass by slices, a feature each.</summary>
    public IReadOnlyList<RecordedSlices> Slices { get; init; } = [];

    /// <summary>AUC by group of the last test pass; null where the data have no groups.</summary>
    public GroupAuc? GroupAuc { get; init; }

    /// <summary>The embedding tables, in the model's order.</summary>
    public required IReadOnlyList<ReportTable> Tables { get; init; }

    /// <summary>The dense layers, in the model's order.</summary>
    public IReadOnlyList<ReportLayer> Layers { get; init; } = [];

    /// <summary>Options and their values, in the order to show.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Configuration { get; init; }

    /// <summary>The command line that repeats the run.</summary>
    public required string Command { get; init; }

    /// <summary>What the run was warned of, one line each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What it ran on.</summary>
    public required ReportEnvironment Environment { get; init; }

    /// <summary>The last test pass, null without any.</summary>
    internal EvaluationRecord? Last => Evaluations.Count == 0 ? null : Evaluations[^1];

    /// <summary>The best test pass: the last one that was the best so far, else the first.</summary>
    internal EvaluationRecord? Best
        => Evaluations.LastOrDefault(record => record.IsBest) ?? (Evaluations.Count == 0 ? null : Evaluations[0]);
}

/// <summary>An embedding table.</summary>
/// <param name="Name">E.g. <c>emb_l.0</c>, or the feature's name.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Dimension">Elements of a row.</param>
/// <param name="Bytes">Bytes in memory.</param>
public sealed record ReportTable(string Name, long Rows, int Dimension, long Bytes)
{
    /// <summary>Trained numbers.</summary>
    public long Parameters => Rows * Dimension;
}

/// <summary>A dense layer: weights and biases.</summary>
/// <param name="Name">E.g. <c>bottom MLP, layer 1</c>.</param>
/// <param name="Inputs">Inputs.</param>
/// <param name="Outputs">Outputs.</param>
/// <param name="Bytes">Bytes in memory.</param>
public sealed record ReportLayer(string Name, int Inputs, int Outputs, long Bytes)
{
    /// <summary>Trained numbers: weights and biases.</summary>
    public long Parameters => (Inputs + 1L) * Outputs;
}
