using Dlrm.Training;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Charts;

/// <summary>How scores are distributed among positives and negatives, each as shares of its own class.</summary>
internal static class HistogramChart
{
    /// <summary>The drawing as SVG.</summary>
    /// <param name="histogram">Of a set with both classes.</param>
    public static string Render(ScoreHistogram histogram)
    {
        double positives = histogram.Positives.Sum();
        double negatives = histogram.Negatives.Sum();
        double[] positiveShares = [.. histogram.Positives.Select(count => 100 * count / positives)];
        double[] negativeShares = [.. histogram.Negatives.Select(count => 100 * count / negatives)];
        AxisTicks x = AxisTicks.Exactly(0, histogram.Upper, 5);
        AxisTicks y = AxisTicks.Around(0, Math.Max(positiveShares.Max(), negativeShares.Max()), 5);
        var chart = new SvgChart(
            "Histogram of the scores, by label", x, "score", x.Label, y, tick => y.Label(tick) + " %");
        Outline(chart, "s1", negativeShares, histogram.Width);
        Outline(chart, "s2", positiveShares, histogram.Width);
        for (int bin = 0; bin < positiveShares.Length; bin++)
        {
            bool open = bin == positiveShares.Length - 1 && histogram.Upper < 1;
            string range = open
                ? $"{Metric(bin * histogram.Width)} and above"
                : $"{Metric(bin * histogram.Width)} to {Metric((bin + 1) * histogram.Width)}";
            chart.Column(
                "probe",
                bin * histogram.Width,
                (bin + 1) * histogram.Width,
                $"score {range}\nlabel 1: {Count(histogram.Positives[bin])} ({Percent(positiveShares[bin] / 100)})"
                + $"\nlabel 0: {Count(histogram.Negatives[bin])} ({Percent(negativeShares[bin] / 100)})");
        }

        return chart.Finish();
    }

    private static void Outline(SvgChart chart, string style, double[] shares, double width)
    {
        var steps = new List<(double X, double Low, double High)>(2 * shares.Length);
        for (int bin = 0; bin < shares.Length; bin++)
        {
            steps.Add((bin * width, 0, shares[bin]));
            steps.Add(((bin + 1) * width, 0, shares[bin]));
        }

        chart.Band("fill " + style, steps);
        chart.Line("line " + style, steps.Select(step => (step.X, step.High)));
    }
}
