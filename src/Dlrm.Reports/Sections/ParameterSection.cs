using System.Text;
using Dlrm.Memory;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Sections;

/// <summary>Where the model's parameters and bytes are: tables and dense layers, with their shares.</summary>
internal static class ParameterSection
{
    private const int MostTables = 60;

    /// <summary>Writes the section.</summary>
    public static void Write(StringBuilder html, RunReportData data)
    {
        long parameters = data.Tables.Sum(table => table.Parameters) + data.Layers.Sum(layer => layer.Parameters);
        long bytes = data.Tables.Sum(table => table.Bytes) + data.Layers.Sum(layer => layer.Bytes);
        html.Append("<section>\n<h2>Parameters</h2>\n");
        html.Append($"<p class=\"remark\">{Count(parameters)} in {SystemMemory.Describe(bytes)}.</p>\n");
        html.Append("<div class=\"scroll\"><table>\n<thead><tr><th>tensor</th><th class=\"num\">shape</th>");
        html.Append("<th class=\"num wide\">parameters</th><th class=\"num\">bytes</th><th class=\"share\">share</th></tr></thead>\n");
        WriteTables(html, data.Tables, bytes);
        html.Append("<tbody>\n");
        foreach (ReportLayer layer in data.Layers)
        {
            WriteRow(html, layer.Name, Shape(layer.Outputs, layer.Inputs), layer.Parameters, layer.Bytes, bytes);
        }

        html.Append("</tbody>\n</table></div>\n</section>\n");
    }

    /// <summary>All tables in the model's order; of very many, the largest, and the rest in one row.</summary>
    private static void WriteTables(StringBuilder html, IReadOnlyList<ReportTable> tables, long total)
    {
        IEnumerable<ReportTable> shown = tables.Count <= MostTables
            ? tables
            : tables.OrderByDescending(table => table.Bytes).Take(MostTables);
        html.Append("<tbody>\n");
        foreach (ReportTable table in shown)
        {
            WriteRow(html, table.Name, Shape(table.Rows, table.Dimension), table.Parameters, table.Bytes, total);
        }

        if (tables.Count > MostTables)
        {
            ReportTable[] rest = [.. tables.OrderByDescending(table => table.Bytes).Skip(MostTables)];
            WriteRow(
                html,
                $"{rest.Length} smaller tables",
                $"{Count(rest.Sum(table => table.Rows))} rows",
                rest.Sum(table => table.Parameters),
                rest.Sum(table => table.Bytes),
                total);
        }

        html.Append("</tbody>\n");
    }

    private static void WriteRow(StringBuilder html, string name, string shape, long parameters, long bytes, long total)
    {
        double percent = total == 0 ? 0 : 100.0 * bytes / total;
        html.Append($"<tr><th scope=\"row\">{Escape(name)}</th><td class=\"num\">{shape}</td>");
        html.Append($"<td class=\"num wide\">{Count(parameters)}</td><td class=\"num\">{SystemMemory.Describe(bytes)}</td>");
        html.Append($"<td class=\"share\"><span class=\"bar\"><i style=\"width:{Coordinate(percent)}%\"></i></span>");
        html.Append($"<span class=\"percent\">{Percent(percent / 100)}</span></td></tr>\n");
    }

    private static string Shape(long rows, long columns) => $"{Count(rows)} × {Count(columns)}";
}
