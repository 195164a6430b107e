using System.Globalization;
using Dlrm.Reports.Recorded;
using Dlrm.Training;

namespace Dlrm.Cli.Watching;

/// <summary>What is said of a run while it is watched.</summary>
internal static class WatchText
{
    /// <summary>A training interval, as a line.</summary>
    public static string Line(TrainRecord record, long steps) => string.Create(
        CultureInfo.InvariantCulture,
        $"step {record.Step:N0}{(steps > 0 ? $"/{steps:N0}" : "")}  loss {record.Loss:0.000000}  lr {record.LearningRate:0.######}  "
        + $"{record.MillisecondsPerStep:0.00} ms/it");

    /// <summary>A test, as a line.</summary>
    public static string Line(EvaluationRecord record) => string.Create(
        CultureInfo.InvariantCulture,
        $"step {record.Step:N0}  test: log loss {Number(record.Metrics.LogLoss)}, AUC {Number(record.Metrics.Auc)}, "
        + $"accuracy {record.Metrics.Accuracy * 100:0.00} %{(record.IsBest ? ", best so far" : "")}");

    /// <summary>Where a run is: names and values for a table.</summary>
    public static IReadOnlyList<(string Name, string Value)> State(MetricsLines lines, string outcome, int width)
    {
        var rows = new List<(string, string)> { ("state", outcome) };
        if (lines.Training.Count > 0)
        {
            TrainRecord last = lines.Training[^1];
            long steps = lines.Steps;
            string share = steps > 0 ? string.Create(CultureInfo.InvariantCulture, $" of {steps:N0} ({100.0 * last.Step / steps:0.0} %)") : "";
            rows.Add(("step", string.Create(CultureInfo.InvariantCulture, $"{last.Step:N0}{share}")));
            rows.Add(("samples", string.Create(CultureInfo.InvariantCulture, $"{last.Samples:N0}")));
            if (lines.Outcome is null && steps > last.Step && last.MillisecondsPerStep > 0)
            {
                var left = TimeSpan.FromMilliseconds(Math.Min(last.MillisecondsPerStep * (steps - last.Step), 3.6e12));
                rows.Add(("left, tests not counted", left.TotalHours >= 1 ? $"{(long)left.TotalHours} h {left.Minutes} min" : $"{left.Minutes} min {left.Seconds} s"));
            }

            rows.Add(("speed", Speed(lines.Training)));
            rows.Add(("learning rate", last.LearningRate.ToString("0.######", CultureInfo.InvariantCulture)));
            rows.Add(("training loss", string.Create(
                CultureInfo.InvariantCulture, $"{last.Loss:0.000000}  {Sparkline.Draw([.. lines.Training.Select(record => record.Loss)], width)}")));
        }

        if (lines.Evaluations.Count > 0)
        {
            EvaluationRecord test = lines.Evaluations[^1];
            EvaluationRecord best = lines.Evaluations.LastOrDefault(record => record.IsBest) ?? test;
            rows.Add(("test log loss", $"{Number(test.Metrics.LogLoss)}    {Sparkline.Draw([.. lines.Evaluations.Select(record => record.Metrics.LogLoss ?? double.NaN)], width)}"));
            rows.Add(("AUC", $"{Number(test.Metrics.Auc)}    {Sparkline.Draw([.. lines.Evaluations.Select(record => record.Metrics.Auc ?? double.NaN)], width)}"));
            rows.Add(("best test", string.Create(CultureInfo.InvariantCulture, $"step {best.Step:N0}: AUC {Number(best.Metrics.Auc)}, accuracy {best.Metrics.Accuracy * 100:0.00} %")));
        }

        return rows;
    }

    private static string Speed(IReadOnlyList<TrainRecord> training)
    {
        TrainRecord last = training[^1];
        (long steps, long samples) = training.Count > 1
            ? (last.Step - training[^2].Step, last.Samples - training[^2].Samples)
            : (last.Step, last.Samples);
        double seconds = steps * last.MillisecondsPerStep / 1000;
        return seconds > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{last.MillisecondsPerStep:0.00} ms a step, {samples / seconds:N0} samples/s")
            : "not measured";
    }

    private static string Number(double? value) => value is { } defined ? defined.ToString("0.0000", CultureInfo.InvariantCulture) : "undefined";
}
