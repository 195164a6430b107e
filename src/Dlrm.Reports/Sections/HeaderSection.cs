using System.Globalization;
using System.Text;
using Dlrm.Training;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Sections;

/// <summary>Title, size of the run, and what the run was warned of.</summary>
internal static class HeaderSection
{
    /// <summary>Writes the section.</summary>
    public static void Write(StringBuilder html, RunReportData data)
    {
        html.Append("<header>\n<p class=\"kicker\">Dlrm.NET · training report</p>\n");
        html.Append($"<h1>{Escape(data.Title)}</h1>\n");
        html.Append("<p class=\"facts\">").AppendJoin("<span class=\"dot\"> · </span>", Facts(data).Select(Escape));
        html.Append("</p>\n");
        html.Append("</header>\n");
        if (data.Warnings.Count > 0)
        {
            html.Append("<section class=\"warnings\" aria-label=\"Findings\">\n");
            html.Append($"<h2>{Plural(data.Warnings.Count, "finding")}</h2>\n<ul>\n");
            foreach (string warning in data.Warnings)
            {
                html.Append($"<li>{Escape(warning)}</li>\n");
            }

            html.Append("</ul>\n</section>\n");
        }
    }

    private static IEnumerable<string> Facts(RunReportData data)
    {
        yield return data.Outcome;
        if (data.Training.Count > 0)
        {
            TrainRecord last = data.Training[^1];
            yield return Plural(last.Epoch + 1, "epoch");
            yield return Plural(last.Step, "step");
            yield return Plural(last.Samples, "sample");
            if (data.TrainingTime is { } time && time > TimeSpan.Zero)
            {
                yield return $"{Duration(time)} of training";
                yield return $"{Count((long)(last.Samples / time.TotalSeconds))} samples/s";
            }
        }

        if (data.Started is { } started)
        {
            yield return started.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture);
        }
    }

    private static string Plural(long count, string noun) => $"{Count(count)} {noun}{(count == 1 ? string.Empty : "s")}";
}
