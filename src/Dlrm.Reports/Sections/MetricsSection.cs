using System.Text;
using Dlrm.Training;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Sections;

/// <summary>All metrics of the last test pass, beside those of the best.</summary>
internal static class MetricsSection
{
    /// <summary>Writes the section; nothing without a test pass.</summary>
    public static void Write(StringBuilder html, RunReportData data)
    {
        if (data.Last is not { } last || data.Best is not { } best)
        {
            return;
        }

        html.Append("<section>\n<h2>All metrics</h2>\n");
        bool both = best.Step != last.Step;
        html.Append("<div class=\"scroll\"><table class=\"metrics\">\n<thead><tr><th>metric</th>");
        html.Append($"<th class=\"num\">last<br/><small>step {Count(last.Step)}</small></th>");
        html.Append(both ? $"<th class=\"num\">best<br/><small>step {Count(best.Step)}</small></th>" : string.Empty);
        html.Append("<th class=\"wide\">meaning</th></tr></thead>\n<tbody>\n");
        foreach ((string name, string meaning, Func<EvaluationRecord, string> value) in Rows)
        {
            html.Append($"<tr><th scope=\"row\">{name}</th><td class=\"num\">{value(last)}</td>");
            html.Append(both ? $"<td class=\"num\">{value(best)}</td>" : string.Empty);
            html.Append($"<td class=\"wide\">{meaning}</td></tr>\n");
        }

        if (data.GroupAuc is { } groups)
        {
            html.Append($"<tr><th scope=\"row\">AUC by group</th><td class=\"num\">{Metric(groups.Value)}</td>");
            html.Append(both ? "<td class=\"num\"></td>" : string.Empty);
            html.Append("<td class=\"wide\">mean AUC within groups, weighted by their samples; ");
            html.Append($"{Count(groups.Ranked)} of {Count(groups.Groups)} groups have both labels</td></tr>\n");
        }

        html.Append("</tbody>\n</table></div>\n");
        if (last.Metrics.Undefined is { } undefined)
        {
            html.Append($"<p class=\"remark\">Some metrics are undefined: {Escape(undefined)}.</p>\n");
        }

        html.Append("</section>\n");
    }

    private static IReadOnlyList<(string Name, string Meaning, Func<EvaluationRecord, string> Value)> Rows { get; } =
    [
        ("AUC", "share of (positive, negative) pairs in the right order, ties by half", record => Metric(record.Metrics.Auc)),
        ("AUC, standard error", "Hanley and McNeil 1982", record => Metric(record.Metrics.AucStandardError)),
        ("log loss", "mean, natural logarithm", record => Metric(record.Metrics.LogLoss)),
        ("log loss of the label rate", "what a constant score reaches", record => Metric(record.Metrics.BaselineLogLoss)),
        ("normalized entropy", "the first log loss over the second", record => Metric(record.Metrics.NormalizedEntropy)),
        ("calibration", "mean score over label rate; 1 is right", record => Metric(record.Metrics.Calibration)),
        ("average precision", "area under precision over recall", record => Metric(record.Metrics.AveragePrecision)),
        ("accuracy", "score, rounded half to even, equals label", record => Percent(record.Metrics.Accuracy)),
        ("precision", "right among those scored above a half", record => Metric(record.Metrics.Precision)),
        ("recall", "positives scored above a half", record => Metric(record.Metrics.Recall)),
        ("F1", "harmonic mean of the two", record => Metric(record.Metrics.F1)),
        ("mean score", "", record => Metric(record.Metrics.MeanScore)),
        ("label rate", "mean label", record => Metric(record.Metrics.LabelRate)),
        ("model’s own loss", "the loss that was trained, on the test set", record => Metric(record.Loss)),
        ("samples", "", record => Count(record.Metrics.Samples)),
    ];
}
