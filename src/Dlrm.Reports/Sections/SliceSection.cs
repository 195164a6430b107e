using System.Text;
using Dlrm.Reports.Recorded;
using Dlrm.Training;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Sections;

/// <summary>A run's slices, and how it is marked on the page.</summary>
/// <param name="Letter">What the page calls the run; empty where there is one run alone.</param>
/// <param name="Style">CSS class of its colour.</param>
/// <param name="Slices">A feature each.</param>
internal sealed record SlicedRun(string Letter, string Style, IReadOnlyList<RecordedSlices> Slices);

/// <summary>The last test by the values of categorical features: one table a feature, runs side by side.</summary>
internal static class SliceSection
{
    /// <summary>Writes the section; nothing where no run has slices.</summary>
    public static void Write(StringBuilder html, IReadOnlyList<SlicedRun> runs)
    {
        string[] features = [.. runs.SelectMany(run => run.Slices).Select(slices => slices.Feature).Distinct()];
        if (features.Length == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>By slice</h2>\n<p class=\"remark\">The last test pass on the samples of each value, the ");
        html.Append("most frequent values first. Calibration is mean score over label rate, 1 is right; the range is its ");
        html.Append("95 % interval, in bold where 1 lies outside.</p>\n");
        foreach (string feature in features)
        {
            SlicedRun[] with = [.. runs.Where(run => run.Slices.Any(slices => slices.Feature == feature))];
            WriteFeature(html, feature, [.. with.Select(run => (run, run.Slices.First(slices => slices.Feature == feature)))]);
        }

        html.Append("</section>\n");
    }

    private static void WriteFeature(StringBuilder html, string feature, (SlicedRun Run, RecordedSlices Slices)[] runs)
    {
        RecordedSlices first = runs[0].Slices;
        html.Append($"<div class=\"scroll slices pinned\"><table>\n<thead><tr><th>{Escape(feature)} ");
        html.Append($"<small>{Count(first.Values)} {(first.Values == 1 ? "value" : "values")}</small></th>");
        html.Append("<th class=\"num\">samples</th><th class=\"num\">label rate</th>");
        foreach ((SlicedRun run, _) in runs)
        {
            string mark = run.Letter.Length == 0 ? "" : $"<b class=\"{run.Style}\">{Escape(run.Letter)}</b> ";
            html.Append($"<th class=\"num\">{mark}AUC</th><th class=\"num\">{mark}log loss</th><th class=\"num\">{mark}calibration</th>");
        }

        html.Append("</tr></thead>\n<tbody>\n");
        foreach (RecordedSlice slice in first.Slices)
        {
            EvaluationMetrics metrics = slice.Slice.Metrics;
            html.Append($"<tr><th scope=\"row\">{Escape(slice.Value)}</th><td class=\"num\">{Count(metrics.Samples)}</td>");
            html.Append($"<td class=\"num\">{Metric(metrics.LabelRate)}</td>");
            foreach ((_, RecordedSlices slices) in runs)
            {
                WriteCells(html, slices.Slices.FirstOrDefault(other => other.Value == slice.Value)?.Slice);
            }

            html.Append("</tr>\n");
        }

        html.Append("</tbody>\n</table></div>\n");
    }

    private static void WriteCells(StringBuilder html, Slice? slice)
    {
        if (slice is null)
        {
            html.Append("<td class=\"num\">–</td><td class=\"num\">–</td><td class=\"num\">–</td>");
            return;
        }

        EvaluationMetrics metrics = slice.Metrics;
        html.Append($"<td class=\"num\">{(metrics.Auc is null ? "–" : Metric(metrics.Auc))}</td><td class=\"num\">{Metric(metrics.LogLoss)}</td>");
        html.Append("<td class=\"num\">");
        if (metrics.Calibration is not { } calibration)
        {
            html.Append('–');
        }
        else if (slice is { Low: { } low and > 0, High: { } high } && metrics.MeanScore is { } mean)
        {
            string text = $"{Three(calibration)} <small>{Three(mean / high)} to {Three(mean / low)}</small>";
            html.Append(mean / high > 1 || mean / low < 1 ? $"<strong>{text}</strong>" : text);
        }
        else
        {
            html.Append(Three(calibration));
        }

        html.Append("</td>");
    }

    private static string Three(double value) =>
        value.ToString(value < 100 ? "0.000" : "0", System.Globalization.CultureInfo.InvariantCulture);
}
