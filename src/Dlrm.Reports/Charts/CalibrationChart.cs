using Dlrm.Training;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Charts;

/// <summary>Observed over predicted rate with 95 % intervals, beside the diagonal of a calibrated model.</summary>
internal static class CalibrationChart
{
    /// <summary>The drawing of one pass as SVG.</summary>
    /// <param name="bins">By ascending score, one or more.</param>
    public static string Render(IReadOnlyList<CalibrationBin> bins) => Render([("s1", "", bins)]);

    /// <summary>The drawing of several passes as SVG.</summary>
    /// <param name="passes">CSS class, name (empty where there is one alone) and bins of each.</param>
    public static string Render(IReadOnlyList<(string Style, string Name, IReadOnlyList<CalibrationBin> Bins)> passes)
    {
        double highest = passes.SelectMany(pass => pass.Bins).Max(bin => Math.Max(bin.MeanScore, bin.High));
        AxisTicks axis = highest > 0.85 ? AxisTicks.Exactly(0, 1, 5) : AxisTicks.Around(0, highest, 5);
        var chart = new SvgChart(
            "Observed rate of the label 1 over the mean score, by bins of equal count",
            axis,
            "mean score of the bin",
            axis.Label,
            axis,
            axis.Label);
        chart.Line("reference", [(0, 0), (axis.End, axis.End)]);
        foreach ((string style, string name, IReadOnlyList<CalibrationBin> bins) in passes)
        {
            Draw(chart, style, name, bins);
        }

        return chart.Finish();
    }

    private static void Draw(SvgChart chart, string style, string name, IReadOnlyList<CalibrationBin> bins)
    {
        chart.Line($"line thin {style}", bins.Select(bin => (bin.MeanScore, bin.LabelRate)));
        foreach (CalibrationBin bin in bins)
        {
            chart.Whisker($"whisker {style}", bin.MeanScore, bin.Low, bin.High);
            chart.Dot($"dot {style}", bin.MeanScore, bin.LabelRate, 3.5);
            chart.Dot(
                $"hover {style}",
                bin.MeanScore,
                bin.LabelRate,
                7,
                $"{(name.Length == 0 ? "" : name + ": ")}{Count(bin.Samples)} samples\npredicted {Metric(bin.MeanScore)}"
                + $"\nobserved {Metric(bin.LabelRate)} ({Metric(bin.Low)} to {Metric(bin.High)})");
        }
    }
}
