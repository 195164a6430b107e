using System.Text;
using Dlrm.Training;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Sections;

/// <summary>The few numbers that a reader came for, each with what it must be compared with.</summary>
internal static class HeadlineSection
{
    /// <summary>Writes the section.</summary>
    public static void Write(StringBuilder html, RunReportData data)
    {
        html.Append("<section aria-label=\"Headline metrics\">\n");
        if (data.Last is not { } last)
        {
            html.Append("<div class=\"tiles\">\n");
            TrainRecord? interval = data.Training.Count == 0 ? null : data.Training[^1];
            string remark = interval is null ? "no step was taken" : "mean of the last interval";
            Tile(html, "Training loss", Metric(interval?.Loss), remark);
            html.Append("</div>\n<p class=\"remark\">No test pass was run, so nothing is known of samples that the model ");
            html.Append("did not train on. With <code>--test-freq</code> the report has AUC, log loss and their curves.</p>\n");
            html.Append("</section>\n");
            return;
        }

        EvaluationMetrics metrics = last.Metrics;
        html.Append("<div class=\"tiles\">\n");
        Tile(
            html,
            "AUC",
            Metric(metrics.Auc),
            metrics.AucStandardError is { } error ? $"± {Metric(error)} standard error" : metrics.Undefined ?? string.Empty);
        Tile(
            html,
            "Log loss",
            Metric(metrics.LogLoss),
            metrics.BaselineLogLoss is { } baseline ? $"{Metric(baseline)} by the label rate alone" : "natural logarithm");
        Tile(html, "Normalized entropy", Metric(metrics.NormalizedEntropy), "1 is the label rate alone; lower is better");
        Tile(
            html,
            "Calibration",
            Metric(metrics.Calibration),
            $"mean score {Metric(metrics.MeanScore)}, labels {Metric(metrics.LabelRate)}");
        double majority = Math.Max(metrics.LabelRate, 1 - metrics.LabelRate);
        Tile(
            html,
            "Accuracy",
            Percent(metrics.Accuracy),
            metrics.Positives is null
                ? "score, rounded, equals label"
                : $"{Percent(majority)} by always answering {(metrics.LabelRate > 0.5 ? "1" : "0")}");
        html.Append("</div>\n");
        Passes(html, data, last);
        html.Append("</section>\n");
    }

    private static void Passes(StringBuilder html, RunReportData data, EvaluationRecord last)
    {
        EvaluationRecord best = data.Best!;
        string samples = Count(last.Metrics.Samples);
        string step = Count(last.Step);
        html.Append("<p class=\"remark\">");
        html.Append(data.Evaluations.Count == 1
            ? $"The one test pass, over {samples} samples, after step {step}."
            : $"The last of {Count(data.Evaluations.Count)} test passes over {samples} samples, after step {step}. ");
        if (best.Step != last.Step)
        {
            html.Append($"The best was after step {Count(best.Step)}: AUC {Metric(best.Metrics.Auc)}, ");
            html.Append($"log loss {Metric(best.Metrics.LogLoss)}, accuracy {Percent(best.Metrics.Accuracy)}.");
        }
        else if (data.Evaluations.Count > 1)
        {
            html.Append("It is also the best.");
        }

        html.Append("</p>\n");
    }

    private static void Tile(StringBuilder html, string name, string value, string remark)
    {
        html.Append($"<div class=\"tile\"><p class=\"name\">{Escape(name)}</p>");
        html.Append($"<p class=\"value\">{Escape(value)}</p><p class=\"note\">{Escape(remark)}</p></div>\n");
    }
}
