using System.Text;
using Dlrm.Training;

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
            Tile(html, "Training loss", NumberText.Metric(interval?.Loss), interval is null ? "no step was taken" : "mean of the last interval");
            html.Append("</div>\n<p class=\"remark\">No test pass was run, so nothing is known of samples that the model did not train on. ");
            html.Append("With <code>--test-freq</code> the report has AUC, log loss and their curves.</p>\n</section>\n");
            return;
        }

        EvaluationMetrics metrics = last.Metrics;
        html.Append("<div class=\"tiles\">\n");
        Tile(
            html,
            "AUC",
            NumberText.Metric(metrics.Auc),
            metrics.AucStandardError is { } error ? $"± {NumberText.Metric(error)} standard error" : metrics.Undefined ?? string.Empty);
        Tile(
            html,
            "Log loss",
            NumberText.Metric(metrics.LogLoss),
            metrics.BaselineLogLoss is { } baseline ? $"{NumberText.Metric(baseline)} by the label rate alone" : "natural logarithm");
        Tile(html, "Normalized entropy", NumberText.Metric(metrics.NormalizedEntropy), "1 is the label rate alone; lower is better");
        Tile(
            html,
            "Calibration",
            NumberText.Metric(metrics.Calibration),
            $"mean score {NumberText.Metric(metrics.MeanScore)}, labels {NumberText.Metric(metrics.LabelRate)}");
        Tile(
            html,
            "Accuracy",
            NumberText.Percent(metrics.Accuracy),
            metrics.Positives is null
                ? "score, rounded, equals label"
                : $"{NumberText.Percent(Math.Max(metrics.LabelRate, 1 - metrics.LabelRate))} by always answering {(metrics.LabelRate > 0.5 ? 1 : 0)}");
        html.Append("</div>\n");
        Passes(html, data, last);
        html.Append("</section>\n");
    }

    private static void Passes(StringBuilder html, RunReportData data, EvaluationRecord last)
    {
        EvaluationRecord best = data.Best!;
        string samples = NumberText.Count(last.Metrics.Samples);
        string step = NumberText.Count(last.Step);
        html.Append("<p class=\"remark\">");
        html.Append(data.Evaluations.Count == 1
            ? $"The one test pass, over {samples} samples, after step {step}."
            : $"The last of {NumberText.Count(data.Evaluations.Count)} test passes over {samples} samples, after step {step}. ");
        if (best.Step != last.Step)
        {
            html.Append($"The best was after step {NumberText.Count(best.Step)}: AUC {NumberText.Metric(best.Metrics.Auc)}, ");
            html.Append($"log loss {NumberText.Metric(best.Metrics.LogLoss)}, accuracy {NumberText.Percent(best.Metrics.Accuracy)}.");
        }
        else if (data.Evaluations.Count > 1)
        {
            html.Append("It is also the best.");
        }

        html.Append("</p>\n");
    }

    private static void Tile(StringBuilder html, string name, string value, string remark) => html.Append(
        $"<div class=\"tile\"><p class=\"name\">{HtmlText.Escape(name)}</p><p class=\"value\">{HtmlText.Escape(value)}</p><p class=\"note\">{HtmlText.Escape(remark)}</p></div>\n");
}
