using System.Globalization;
using Dlrm.Reports.Recorded;
using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>Metrics by slice, for a person.</summary>
internal static class SliceTable
{
    private const int NameWidth = 28;

    /// <summary>Prints one table a feature; nothing without slices.</summary>
    public static void Write(TextWriter output, IReadOnlyList<RecordedSlices> features)
    {
        foreach (RecordedSlices feature in features)
        {
            output.WriteLine();
            string head = string.Create(CultureInfo.InvariantCulture, $"{feature.Feature} ({feature.Values:N0} values)");
            output.WriteLine($"{Cut(head),-NameWidth}{"samples",10}{"label rate",12}{"mean score",12}{"calibration",13}{"log loss",10}{"AUC",9}");
            foreach (RecordedSlice slice in feature.Slices)
            {
                EvaluationMetrics metrics = slice.Slice.Metrics;
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Cut(slice.Value),-NameWidth}{metrics.Samples,10:N0}{metrics.LabelRate,12:0.0000}{Number(metrics.MeanScore),12}"
                    + $"{Number(metrics.Calibration),13}{Number(metrics.LogLoss),10}{Number(metrics.Auc),9}"));
            }
        }
    }

    private static string Cut(string name) => name.Length < NameWidth ? name : name[..(NameWidth - 2)] + "…";

    private static string Number(double? value) => value is { } defined ? defined.ToString("0.0000", CultureInfo.InvariantCulture) : "–";
}
