using Dlrm.Training;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Charts;

/// <summary>Observed over predicted rate with 95 % intervals, beside the diagonal of a calibrated model.</summary>
internal static class CalibrationChart
{
    /// <summary>The drawing as SVG.</summary>
    /// <param name="bins">By ascending score, one or more.</param>
    public static string Render(IReadOnlyList<CalibrationBin> bins)
    {
        double highest = bins.Max(bin => Math.Max(bin.MeanScore, bin.High));
        AxisTicks axis = highest > 0.85 ? AxisTicks.Exactly(0, 1, 5) : AxisTicks.Around(0, highest, 5);
        var chart = new SvgChart(
            "Observed rate of the label 1 over the mean score, by bins of equal count",
            axis,
            "mean score of the bin",
            axis.Label,
            axis,
            axis.Label);
        chart.Line("reference", [(0, 0), (axis.End, axis.End)]);
        chart.Line("line thin s1", bins.Select(bin => (bin.MeanScore, bin.LabelRate)));
        foreach (CalibrationBin bin in bins)
        {
            chart.Whisker("whisker s1", bin.MeanScore, bin.Low, bin.High);
            chart.Dot("dot s1", bin.MeanScore, bin.LabelRate, 3.5);
            chart.Dot(
                "hover s1",
                bin.MeanScore,
                bin.LabelRate,
                7,
                $"{Count(bin.Samples)} samples\npredicted {Metric(bin.MeanScore)}"
                + $"\nobserved {Metric(bin.LabelRate)} ({Metric(bin.Low)} to {Metric(bin.High)})");
        }

        return chart.Finish();
    }
}
