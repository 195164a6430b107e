using System.Text;
using Dlrm.Reports.Comparison;
using Dlrm.Reports.Recorded;
using Dlrm.Reports.Sections;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports;

/// <summary>
/// Runs side by side: one HTML file that needs nothing else, neither a network nor a script; drawn from the runs' folders.
/// </summary>
public static class ComparisonReport
{
    /// <summary>Writes the page, whole or not at all.</summary>
    /// <param name="path">The file; its folder is made if it is missing.</param>
    /// <param name="runs">The runs, in the order to show; one or more.</param>
    /// <param name="warnings">What the reader should know, e.g. of runs that could not be read; one line each.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void Write(string path, IReadOnlyList<RecordedRun> runs, IReadOnlyList<string> warnings) =>
        PageFile.Write(path, Render(runs, warnings));

    /// <summary>The page as text.</summary>
    /// <param name="runs">The runs, in the order to show; one or more.</param>
    /// <param name="warnings">What the reader should know, one line each.</param>
    public static string Render(IReadOnlyList<RecordedRun> runs, IReadOnlyList<string> warnings)
    {
        ArgumentOutOfRangeException.ThrowIfZero(runs.Count, nameof(runs));
        ComparedRun[] compared = ComparedRun.Of(runs);
        string title = runs.Count == 1 ? runs[0].Name : $"{Count(runs.Count)} runs compared";
        string[] data = [.. runs.Select(run => run.Data).Distinct()];
        var html = new StringBuilder(1 << 18);
        Page.Begin(html, title);
        html.Append("<header>\n<p class=\"kicker\">Dlrm.NET · ");
        html.Append(runs.Count == 1 ? "a run" : "comparison").Append("</p>\n");
        html.Append($"<h1>{Escape(title)}</h1>\n<p class=\"facts\">{Escape(string.Join("; ", data))}</p>\n</header>\n");
        WriteWarnings(html, [.. warnings, .. compared.SelectMany(run => run.Run.Remarks.Select(remark => $"{run.Run.Name}: {remark}"))]);
        RunsSection.Write(html, compared);
        DifferencesSection.Write(html, compared);
        ComparedCurves.Write(html, compared);
        ComparedTest.Write(html, compared);
        SliceSection.Write(
            html,
            [.. compared.Select(run => new SlicedRun(runs.Count == 1 ? "" : run.Letter, run.Style, run.Run.Curves?.Slices ?? []))]);
        CostSection.Write(html, compared);
        return Page.End(html);
    }

    private static void WriteWarnings(StringBuilder html, IReadOnlyList<string> warnings)
    {
        if (warnings.Count == 0)
        {
            return;
        }

        html.Append("<section class=\"warnings\" aria-label=\"Remarks\">\n<h2>To be known</h2>\n<ul>\n");
        foreach (string warning in warnings)
        {
            html.Append($"<li>{Escape(warning)}</li>\n");
        }

        html.Append("</ul>\n</section>\n");
    }
}
