using System.Text;
using Dlrm.Training;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Sections;

/// <summary>The last pass over each test set, where there are several.</summary>
internal static class PartsSection
{
    /// <summary>Writes the section; nothing for one test set.</summary>
    public static void Write(StringBuilder html, RunReportData data)
    {
        if (data.FurtherTests.Count == 0 || data.Last is not { } last)
        {
            return;
        }

        html.Append("<section>\n<h2>Test sets</h2>\n<p class=\"remark\">The last pass over each; the first one decides which test is best. ");
        html.Append("The best AUC of each is beside it.</p>\n<div class=\"scroll pinned\"><table>\n<thead><tr><th>part</th>");
        foreach (string head in (string[])["samples", "label rate", "AUC", "best AUC", "log loss", "normalized entropy", "calibration", "accuracy"])
        {
            html.Append($"<th class=\"num\">{head}</th>");
        }

        html.Append("</tr></thead>\n<tbody>\n");
        WriteRow(html, last.Part ?? "test", data.Evaluations);
        foreach (IGrouping<string?, EvaluationRecord> part in data.FurtherTests.GroupBy(record => record.Part))
        {
            WriteRow(html, part.Key ?? "", [.. part]);
        }

        html.Append("</tbody>\n</table></div>\n</section>\n");
    }

    private static void WriteRow(StringBuilder html, string name, IReadOnlyList<EvaluationRecord> records)
    {
        EvaluationMetrics metrics = records[^1].Metrics;
        html.Append($"<tr><th scope=\"row\">{Escape(name)}</th><td class=\"num\">{Count(metrics.Samples)}</td>");
        string[] cells =
        [
            Metric(metrics.LabelRate), Metric(metrics.Auc), Metric(records.Max(record => record.Metrics.Auc)), Metric(metrics.LogLoss),
            Metric(metrics.NormalizedEntropy), Metric(metrics.Calibration), Percent(metrics.Accuracy),
        ];
        foreach (string cell in cells)
        {
            html.Append($"<td class=\"num\">{cell}</td>");
        }

        html.Append("</tr>\n");
    }
}
