using System.Text;
using Dlrm.Reports.Charts;
using Dlrm.Training;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Sections;

/// <summary>The curves of the last test pass.</summary>
internal static class TestSection
{
    /// <summary>Writes the section; nothing without a test pass.</summary>
    public static void Write(StringBuilder html, RunReportData data)
    {
        if (data.Last is not { } last)
        {
            return;
        }

        html.Append("<section>\n<h2>The last test pass</h2>\n");
        if (data.Curves is { } curves)
        {
            html.Append("<div class=\"cards\">\n");
            WriteCurves(html, curves, last.Metrics);
            html.Append("</div>\n");
        }
        else
        {
            string reason = last.Metrics.Undefined ?? "they were not kept";
            html.Append($"<p class=\"remark\">There are no curves to draw: {Escape(reason)}.</p>\n");
        }

        html.Append("</section>\n");
    }

    private static void WriteCurves(StringBuilder html, EvaluationCurves curves, EvaluationMetrics metrics)
    {
        AxisTicks unit = AxisTicks.Exactly(0, 1, 5);
        var roc = new LineChart
        {
            Description = "Receiver operating characteristic",
            XTitle = "false positive rate",
            X = unit,
            Y = unit,
            Reference = [(0, 0), (1, 1)],
            Series =
            [
                new LineSeries("s2", [.. curves.Roc.Select(Drawn)]),
            ],
        };
        Card.Write(html, "ROC", $"true over false positive rate; area {Metric(metrics.Auc)}", [], roc.Render());
        var precision = new LineChart
        {
            Description = "Precision over recall",
            XTitle = "recall",
            X = unit,
            Y = unit,
            Level = (metrics.LabelRate, "label rate"),
            LevelNameLeft = true,
            Series =
            [
                new LineSeries("s2", [.. curves.PrecisionRecall.Select(Drawn)]),
            ],
        };
        Card.Write(html, "Precision and recall", $"average precision {Metric(metrics.AveragePrecision)}", [], precision.Render());
        Card.Write(
            html,
            "Calibration",
            $"observed over predicted rate; {curves.Calibration.Count} bins, 95 % intervals",
            [],
            CalibrationChart.Render(curves.Calibration));
        Card.Write(
            html,
            "Scores",
            curves.Scores.Upper < 1 ? "share of each class by score; the last bin is open" : "share of each class by score",
            [("s1", "label 0"), ("s2", "label 1")],
            HistogramChart.Render(curves.Scores));
    }

    private static ChartPoint Drawn(RocPoint point) => new(
        point.FalsePositiveRate,
        point.TruePositiveRate,
        $"score ≥ {Metric(point.Threshold)}\nfalse positive rate {Metric(point.FalsePositiveRate)}"
        + $"\ntrue positive rate {Metric(point.TruePositiveRate)}");

    private static ChartPoint Drawn(PrecisionRecallPoint point) => new(
        point.Recall,
        point.Precision,
        $"score ≥ {Metric(point.Threshold)}\nrecall {Metric(point.Recall)}\nprecision {Metric(point.Precision)}");
}
