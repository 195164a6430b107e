using System.Text;
using Dlrm.Reports.Charts;
using Dlrm.Reports.Sections;
using Dlrm.Training;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Comparison;

/// <summary>The last test of each run: ROC, precision and recall, calibration, scores by label.</summary>
internal static class ComparedTest
{
    private const int MostHistograms = 12;
    private const int EveryPoint = 3; // Of the few hundred that curves.json keeps.

    /// <summary>Writes the section; nothing where no run has curves.</summary>
    public static void Write(StringBuilder html, IReadOnlyList<ComparedRun> runs)
    {
        ComparedRun[] with = [.. runs.Where(run => run.Run.Curves?.Curves is not null)];
        if (with.Length == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>The last test</h2>\n<div class=\"cards\">\n");
        AxisTicks unit = AxisTicks.Exactly(0, 1, 5);
        WriteCurve(
            html, with, "ROC", "true over false positive rate", "false positive rate", unit,
            run => [.. Thinned(Curves(run).Roc).Select(point => new ChartPoint(
                point.FalsePositiveRate, point.TruePositiveRate, $"{run.Letter}: score ≥ {Metric(point.Threshold)}"))],
            diagonal: true);
        WriteCurve(
            html, with, "Precision and recall", "precision over recall", "recall", unit,
            run => [.. Thinned(Curves(run).PrecisionRecall).Select(point => new ChartPoint(
                point.Recall, point.Precision, $"{run.Letter}: score ≥ {Metric(point.Threshold)}"))],
            diagonal: false);
        Card.Write(
            html,
            "Calibration",
            "observed over predicted rate, 95 % intervals",
            ComparedRun.Legend(with),
            CalibrationChart.Render([.. with.Select(run => (run.Style, run.Letter, Curves(run).Calibration))]));
        foreach (ComparedRun run in with.Take(MostHistograms))
        {
            Card.Write(
                html,
                $"Scores of {run.Letter}",
                "share of each class by score",
                [("s1", "label 0"), ("s2", "label 1")],
                HistogramChart.Render(Curves(run).Scores));
        }

        html.Append("</div>\n");
        if (with.Length > MostHistograms)
        {
            html.Append($"<p class=\"remark\">Scores are drawn for the first {MostHistograms} runs.</p>\n");
        }

        string[] without = [.. runs.Except(with).Select(run => run.Letter)];
        if (without.Length > 0)
        {
            html.Append($"<p class=\"remark\">No curves: {Escape(string.Join(", ", without))}.</p>\n");
        }

        html.Append("</section>\n");
    }

    private static EvaluationCurves Curves(ComparedRun run) => run.Run.Curves!.Curves!;

    private static IEnumerable<T> Thinned<T>(IReadOnlyList<T> points) =>
        points.Where((_, index) => index % EveryPoint == 0 || index == points.Count - 1);

    private static void WriteCurve(
        StringBuilder html,
        ComparedRun[] runs,
        string name,
        string note,
        string title,
        AxisTicks unit,
        Func<ComparedRun, ChartPoint[]> points,
        bool diagonal)
    {
        var chart = new LineChart
        {
            Description = note,
            XTitle = title,
            X = unit,
            Y = unit,
            Reference = diagonal ? [(0, 0), (1, 1)] : [],
            Series = [.. runs.Select(run => new LineSeries(run.Style, points(run)))],
        };
        Card.Write(html, name, note, ComparedRun.Legend(runs), chart.Render());
    }
}
