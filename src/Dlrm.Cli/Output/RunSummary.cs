using System.Globalization;
using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>The table at the end of a run: the last and the best test, side by side.</summary>
internal static class RunSummary
{
    private static readonly (string Name, Func<EvaluationRecord, string> Value)[] Rows =
    [
        ("test log loss", record => Number(record.Metrics.LogLoss)),
        ("AUC", record => Number(record.Metrics.Auc)),
        ("normalized entropy", record => Number(record.Metrics.NormalizedEntropy)),
        ("accuracy", record => string.Create(CultureInfo.InvariantCulture, $"{record.Metrics.Accuracy * 100:0.00} %")),
        ("average precision", record => Number(record.Metrics.AveragePrecision)),
        ("calibration", record => Number(record.Metrics.Calibration)),
    ];

    /// <summary>Prints the table.</summary>
    /// <param name="output">Where.</param>
    /// <param name="last">The last test.</param>
    /// <param name="best">The best one; the same record when it was the last.</param>
    public static void Write(TextWriter output, EvaluationRecord last, EvaluationRecord best)
    {
        bool same = last.Step == best.Step;
        string[] heads = same ? [$"last and best, step {last.Step}"] : [$"last, step {last.Step}", $"best, step {best.Step}"];
        Write(output, heads, same ? [last] : [last, best]);
    }

    /// <summary>Prints one test.</summary>
    public static void Write(TextWriter output, EvaluationRecord record) => Write(output, [], [record]);

    private static void Write(TextWriter output, string[] heads, EvaluationRecord[] columns)
    {
        if (heads.Length > 0)
        {
            output.WriteLine($"{"",-20}{string.Concat(heads.Select(head => $"{head,26}"))}");
        }

        foreach ((string name, Func<EvaluationRecord, string> value) in Rows)
        {
            output.WriteLine($"{name,-20}{string.Concat(columns.Select(column => $"{value(column),26}"))}");
        }
    }

    private static string Number(double? value) =>
        value is { } defined ? defined.ToString("0.0000", CultureInfo.InvariantCulture) : "undefined (one class)";
}
