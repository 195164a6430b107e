using System.Globalization;
using System.Text;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports;

/// <summary>The table of a tuning: one HTML file that needs nothing else, in the style of <see cref="RunReport"/>.</summary>
public static class TuneReport
{
    /// <summary>Writes the table, whole or not at all.</summary>
    /// <param name="path">The file; its folder is made if it is missing.</param>
    /// <param name="data">The tuning.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void Write(string path, TuneReportData data) => ReportPage.Write(path, Render(data));

    /// <summary>The page as text.</summary>
    /// <param name="data">The tuning.</param>
    public static string Render(TuneReportData data)
    {
        var html = new StringBuilder(1 << 16);
        ReportPage.Begin(html, "Tuning");
        TuneReportRow best = data.Rows[0];
        html.Append("<header><h1>Tuning</h1></header>\n");
        html.Append($"<p>{data.Rows.Count} settings, compared by log loss on training samples held out; the test samples were not used.</p>\n");
        html.Append($"<p>Best: <code>{Escape(best.Setting)}</code>, log loss {Metric(best.Losses[^1])}");
        html.Append(best.Deviation > 0 ? $" ± {Metric(best.Deviation)}" : string.Empty);
        html.Append($", AUC {Metric(best.Auc)}.</p>\n");
        html.Append("<section>\n<h2>Settings</h2>\n<div class=\"scroll\"><table class=\"metrics\">\n<thead><tr><th class=\"num\">number</th>");
        foreach (double share in data.Shares)
        {
            html.Append(CultureInfo.InvariantCulture, $"<th class=\"num\">log loss<br/><small>{100 * share:0} % of the steps</small></th>");
        }

        html.Append("<th class=\"num\">AUC</th><th class=\"wide\">setting</th></tr></thead>\n<tbody>\n");
        foreach (TuneReportRow row in data.Rows)
        {
            html.Append($"<tr><td class=\"num\">{Count(row.Number)}</td>");
            for (int round = 0; round < data.Shares.Count; round++)
            {
                html.Append($"<td class=\"num\">{(round >= row.Losses.Count ? "" : row.Losses[round] is { } loss ? Metric(loss) : "failed")}</td>");
            }

            html.Append($"<td class=\"num\">{(row.Auc is { } auc ? Metric(auc) : "")}</td><td class=\"wide\">{Escape(row.Setting)}</td></tr>\n");
        }

        html.Append("</tbody>\n</table></div>\n</section>\n<section>\n<h2>Space</h2>\n<ul>\n");
        foreach (string line in data.Space)
        {
            html.Append($"<li><code>{Escape(line)}</code></li>\n");
        }

        html.Append($"</ul>\n<p><code>{Escape(data.CommandLine)}</code></p>\n</section>\n");
        ReportPage.End(html);
        return html.ToString();
    }
}
