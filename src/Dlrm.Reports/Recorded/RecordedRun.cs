using Dlrm.Training;

namespace Dlrm.Reports.Recorded;

/// <summary>A run as its folder tells it: everything that a comparison shows.</summary>
public sealed record RecordedRun
{
    /// <summary>The folder's name.</summary>
    public required string Name { get; init; }

    /// <summary>The folder.</summary>
    public required string Folder { get; init; }

    /// <summary>What was trained on.</summary>
    public required string Data { get; init; }

    /// <summary>How it ended: completed, target reached, interrupted, failed; or that its end is not recorded.</summary>
    public required string Outcome { get; init; }

    /// <summary>Training intervals, in order.</summary>
    public required IReadOnlyList<TrainRecord> Training { get; init; }

    /// <summary>Test passes, in order.</summary>
    public required IReadOnlyList<EvaluationRecord> Evaluations { get; init; }

    /// <summary>The curves of the last test and its slices; null where the run left none.</summary>
    public RecordedCurves? Curves { get; init; }

    /// <summary>What may tell runs apart: options, data, threads, versions; in the order of the file.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Configuration { get; init; }

    /// <summary>Trained numbers; 0 where the run does not say.</summary>
    public long Parameters { get; init; }

    /// <summary>Bytes of the saved model's files; null without one.</summary>
    public long? ModelBytes { get; init; }

    /// <summary>What a reader should know of the folder, one line each.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Milliseconds in training steps; 0 where they were not measured.</summary>
    public double TrainingMilliseconds => Times.Count == 0 ? 0 : Times[^1];

    /// <summary>The last test; null without one.</summary>
    internal EvaluationRecord? Last => Evaluations.Count == 0 ? null : Evaluations[^1];

    /// <summary>The test with the highest AUC, the first of equals; null where none is defined.</summary>
    internal EvaluationRecord? BestByAuc => Evaluations.Where(record => record.Metrics.Auc is not null).MaxBy(record => record.Metrics.Auc);

    /// <summary>Milliseconds in training steps up to each training interval's end.</summary>
    internal IReadOnlyList<double> Times => field ??= Accumulate(Training);

    private static double[] Accumulate(IReadOnlyList<TrainRecord> records)
    {
        double[] times = new double[records.Count];
        double sum = 0;
        long before = 0;
        for (int index = 0; index < times.Length; index++)
        {
            sum += records[index].MillisecondsPerStep * (records[index].Step - before);
            before = records[index].Step;
            times[index] = sum;
        }

        return times;
    }
}
