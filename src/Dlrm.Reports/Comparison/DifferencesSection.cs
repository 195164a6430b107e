using System.Text;
using static Dlrm.Reports.HtmlText;

namespace Dlrm.Reports.Comparison;

/// <summary>What the runs were set up with, where they differ; nothing else.</summary>
internal static class DifferencesSection
{
    /// <summary>The settings that differ, in the order in which they first appear, and each run's value; null for none.</summary>
    internal static IReadOnlyList<(string Name, string?[] Values)> Differences(IReadOnlyList<ComparedRun> runs)
    {
        var settings = new OrderedDictionary<string, string?[]>(StringComparer.Ordinal);
        for (int index = 0; index < runs.Count; index++)
        {
            foreach ((string name, string value) in runs[index].Run.Configuration)
            {
                if (!settings.TryGetValue(name, out string?[]? values))
                {
                    settings[name] = values = new string?[runs.Count];
                }

                values[index] = value;
            }
        }

        return [.. settings.Where(setting => setting.Value.Distinct().Skip(1).Any()).Select(setting => (setting.Key, setting.Value))];
    }

    /// <summary>Writes the section; nothing for one run.</summary>
    public static void Write(StringBuilder html, IReadOnlyList<ComparedRun> runs)
    {
        if (runs.Count < 2)
        {
            return;
        }

        html.Append("<section>\n<h2>What differs</h2>\n");
        IReadOnlyList<(string Name, string?[] Values)> differences = Differences(runs);
        if (differences.Count == 0)
        {
            html.Append("<p class=\"remark\">Nothing: the runs were set up alike.</p>\n</section>\n");
            return;
        }

        html.Append("<div class=\"scroll pinned\"><table>\n<thead><tr><th>setting</th>");
        foreach (ComparedRun run in runs)
        {
            html.Append($"<th><b class=\"mark {run.Style}\">{run.Letter}</b></th>");
        }

        html.Append("</tr></thead>\n<tbody>\n");
        foreach ((string name, string?[] values) in differences)
        {
            html.Append($"<tr><th scope=\"row\">{Escape(name)}</th>");
            foreach (string? value in values)
            {
                html.Append(value is null ? "<td class=\"default\">default</td>" : $"<td class=\"setting\">{Escape(value)}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</tbody>\n</table></div>\n</section>\n");
    }
}
