using System.Text;
using Dlrm.Reports.Charts;
using Dlrm.Training;

namespace Dlrm.Reports.Sections;

/// <summary>The last test pass: its curves, and all metrics of it beside those of the best.</summary>
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
            html.Append($"<p class=\"remark\">There are no curves to draw: {HtmlText.Escape(last.Metrics.Undefined ?? "they were not kept")}.</p>\n");
        }

        html.Append("</section>\n<section>\n<h2>All metrics</h2>\n");
        WriteTable(html, last, data.Best!);
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
                new LineSeries("s2", [.. curves.Roc.Select(point => new ChartPoint(point.FalsePositiveRate, point.TruePositiveRate, RocTitle(point)))]),
            ],
        };
        Card.Write(html, "ROC", $"true over false positive rate; area {NumberText.Metric(metrics.Auc)}", [], roc.Render());
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
                new LineSeries("s2", [.. curves.PrecisionRecall.Select(point => new ChartPoint(point.Recall, point.Precision, PrecisionTitle(point)))]),
            ],
        };
        Card.Write(html, "Precision and recall", $"average precision {NumberText.Metric(metrics.AveragePrecision)}", [], precision.Render());
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

    private static string RocTitle(RocPoint point)
        => $"score ≥ {NumberText.Metric(point.Threshold)}\nfalse positive rate {NumberText.Metric(point.FalsePositiveRate)}\ntrue positive rate {NumberText.Metric(point.TruePositiveRate)}";

    private static string PrecisionTitle(PrecisionRecallPoint point)
        => $"score ≥ {NumberText.Metric(point.Threshold)}\nrecall {NumberText.Metric(point.Recall)}\nprecision {NumberText.Metric(point.Precision)}";

    private static void WriteTable(StringBuilder html, EvaluationRecord last, EvaluationRecord best)
    {
        bool both = best.Step != last.Step;
        html.Append("<div class=\"scroll\"><table class=\"metrics\">\n<thead><tr><th>metric</th>");
        html.Append($"<th class=\"num\">last<br/><small>step {NumberText.Count(last.Step)}</small></th>");
        html.Append(both ? $"<th class=\"num\">best<br/><small>step {NumberText.Count(best.Step)}</small></th>" : string.Empty);
        html.Append("<th class=\"wide\">meaning</th></tr></thead>\n<tbody>\n");
        foreach ((string name, string meaning, Func<EvaluationRecord, string> value) in Rows)
        {
            html.Append($"<tr><th scope=\"row\">{name}</th><td class=\"num\">{value(last)}</td>");
            html.Append(both ? $"<td class=\"num\">{value(best)}</td>" : string.Empty);
            html.Append($"<td class=\"wide\">{meaning}</td></tr>\n");
        }

        html.Append("</tbody>\n</table></div>\n");
        if (last.Metrics.Undefined is { } undefined)
        {
            html.Append($"<p class=\"remark\">Some metrics are undefined: {HtmlText.Escape(undefined)}.</p>\n");
        }
    }

    private static IReadOnlyList<(string Name, string Meaning, Func<EvaluationRecord, string> Value)> Rows { get; } =
    [
        ("AUC", "share of (positive, negative) pairs in the right order, ties by half", record => NumberText.Metric(record.Metrics.Auc)),
        ("AUC, standard error", "Hanley and McNeil 1982", record => NumberText.Metric(record.Metrics.AucStandardError)),
        ("log loss", "mean, natural logarithm", record => NumberText.Metric(record.Metrics.LogLoss)),
        ("log loss of the label rate", "what a constant score reaches", record => NumberText.Metric(record.Metrics.BaselineLogLoss)),
        ("normalized entropy", "the first log loss over the second", record => NumberText.Metric(record.Metrics.NormalizedEntropy)),
        ("calibration", "mean score over label rate; 1 is right", record => NumberText.Metric(record.Metrics.Calibration)),
        ("average precision", "area under precision over recall, in steps", record => NumberText.Metric(record.Metrics.AveragePrecision)),
        ("accuracy", "score, rounded half to even, equals label", record => NumberText.Percent(record.Metrics.Accuracy)),
        ("precision", "right among those scored above a half", record => NumberText.Metric(record.Metrics.Precision)),
        ("recall", "positives scored above a half", record => NumberText.Metric(record.Metrics.Recall)),
        ("F1", "harmonic mean of the two", record => NumberText.Metric(record.Metrics.F1)),
        ("mean score", "", record => NumberText.Metric(record.Metrics.MeanScore)),
        ("label rate", "mean label", record => NumberText.Metric(record.Metrics.LabelRate)),
        ("model’s own loss", "the loss that was trained, on the test set", record => NumberText.Metric(record.Loss)),
        ("samples", "", record => NumberText.Count(record.Metrics.Samples)),
    ];
}
