using System.Text;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Sections;

/// <summary>How to repeat the run: command, configuration, environment.</summary>
internal static class RunSection
{
    /// <summary>Writes the section.</summary>
    public static void Write(StringBuilder html, RunReportData data)
    {
        html.Append("<section>\n<h2>Repeat this run</h2>\n");

        // A word to a span: lines break between options, not at the hyphens inside them.
        IEnumerable<string> words = data.Command.Split(' ').Select(word => $"<span>{Escape(word)}</span>");
        html.Append("<pre><code>").AppendJoin(' ', words).Append("</code></pre>\n");
        html.Append("<p class=\"remark\">The same command on the same data gives the same bits, ");
        html.Append("on any machine and any number of threads.</p>\n");
        html.Append("</section>\n<section class=\"pair\">\n<div>\n<h2>Configuration</h2>\n");
        Pairs(html, data.Configuration);
        html.Append("</div>\n<div>\n<h2>Environment</h2>\n");
        ReportEnvironment environment = data.Environment;
        Pairs(
            html,
            [
                new("Dlrm.NET", environment.Version),
                new("threads", Count(environment.Threads)),
                new("instruction set", environment.InstructionSet),
                new("processor", environment.Processor),
                new("operating system", environment.OperatingSystem),
                new(".NET", environment.Runtime),
            ]);
        html.Append("</div>\n</section>\n");
    }

    private static void Pairs(StringBuilder html, IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        html.Append("<table class=\"pairs\"><tbody>\n");
        foreach ((string name, string value) in pairs)
        {
            html.Append($"<tr><th scope=\"row\">{Escape(name)}</th><td>{Escape(value)}</td></tr>\n");
        }

        html.Append("</tbody></table>\n");
    }
}
