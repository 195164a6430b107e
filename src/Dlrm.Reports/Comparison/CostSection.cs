using System.Text;
using Dlrm.Memory;
using Dlrm.Reports.Recorded;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Comparison;

/// <summary>What each run cost: time, speed, bytes.</summary>
internal static class CostSection
{
    /// <summary>Writes the section.</summary>
    public static void Write(StringBuilder html, IReadOnlyList<ComparedRun> runs)
    {
        html.Append("<section>\n<h2>Cost</h2>\n<div class=\"scroll pinned\"><table>\n<thead><tr><th>run</th>");
        foreach (string head in (string[])["ms a step", "samples/s", "training", "samples", "parameters", "in memory", "on disk", "threads"])
        {
            html.Append($"<th class=\"num\">{head}</th>");
        }

        html.Append("</tr></thead>\n<tbody>\n");
        foreach (ComparedRun compared in runs)
        {
            RecordedRun run = compared.Run;
            long steps = run.Training.Count == 0 ? 0 : run.Training[^1].Step;
            long samples = run.Training.Count == 0 ? 0 : run.Training[^1].Samples;
            double milliseconds = run.TrainingMilliseconds;
            bool measured = milliseconds > 0 && steps > 0;
            html.Append($"<tr><th scope=\"row\"><b class=\"mark {compared.Style}\">{compared.Letter}</b> {Escape(run.Name)}</th>");
            foreach (string cell in (string[])
            [
                measured ? Metric(milliseconds / steps) : "–",
                measured ? Count((long)(samples / (milliseconds / 1000))) : "–",
                measured ? Duration(TimeSpan.FromMilliseconds(milliseconds)) : "–",
                Count(samples),
                Count(run.Parameters),
                SystemMemory.Describe(run.Parameters * sizeof(float)),
                run.ModelBytes is { } bytes ? SystemMemory.Describe(bytes) : "–",
                run.Configuration.FirstOrDefault(setting => setting.Key == "threads").Value ?? "–",
            ])
            {
                html.Append($"<td class=\"num\">{Escape(cell)}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</tbody>\n</table></div>\n<p class=\"remark\">Time is that of training steps, tests not included; ");
        html.Append("in memory: the parameters at four bytes each; on disk: the saved model’s files, the optimizer’s state included.</p>\n");
        html.Append("</section>\n");
    }
}
