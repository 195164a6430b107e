using System.Text;
using Dlrm.Reports.Recorded;
using Dlrm.Training;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Comparison;

/// <summary>Which runs there are, and how each did in its last and in its best test.</summary>
internal static class RunsSection
{
    private static IReadOnlyList<(string Name, Func<EvaluationMetrics, double?> Value, bool Higher)> Columns { get; } =
    [
        ("AUC", metrics => metrics.Auc, true),
        ("log loss", metrics => metrics.LogLoss, false),
        ("normalized entropy", metrics => metrics.NormalizedEntropy, false),
        ("accuracy", metrics => metrics.Accuracy, true),
    ];

    /// <summary>Writes the section.</summary>
    public static void Write(StringBuilder html, IReadOnlyList<ComparedRun> runs)
    {
        html.Append("<section aria-label=\"Runs\">\n<div class=\"scroll runs pinned\"><table>\n<thead><tr><th>run</th><th>ended</th>");
        html.Append("<th class=\"num\">steps</th>");
        foreach ((string name, _, _) in Columns)
        {
            html.Append($"<th class=\"num\">{name}</th>");
        }

        bool grouped = runs.Any(run => run.Run.Curves?.Groups is not null);
        html.Append(grouped ? "<th class=\"num\">AUC by group</th>" : "");
        html.Append("<th class=\"num\">calibration</th><th class=\"num\">best AUC</th></tr></thead>\n<tbody>\n");
        bool sameData = runs.Select(run => run.Run.Data).Distinct().Count() == 1;
        foreach (ComparedRun compared in runs)
        {
            WriteRow(html, compared, runs, sameData, grouped);
        }

        html.Append("</tbody>\n</table></div>\n");
        html.Append("<p class=\"remark\">Metrics are those of each run’s last test; the best of a column is bold.</p>\n");
        html.Append("</section>\n");
    }

    private static void WriteRow(
        StringBuilder html, ComparedRun compared, IReadOnlyList<ComparedRun> runs, bool sameData, bool grouped)
    {
        RecordedRun run = compared.Run;
        EvaluationMetrics? last = run.Last?.Metrics;
        long steps = Math.Max(run.Last?.Step ?? 0, run.Training.Count == 0 ? 0 : run.Training[^1].Step);
        html.Append($"<tr><th scope=\"row\"><b class=\"mark {compared.Style}\">{compared.Letter}</b> {Escape(run.Name)}");
        html.Append(sameData ? "" : $"<small>{Escape(run.Data)}</small>");
        html.Append($"</th><td>{Escape(run.Outcome)}</td><td class=\"num\">{Count(steps)}</td>");
        foreach ((string name, Func<EvaluationMetrics, double?> value, bool higher) in Columns)
        {
            double? own = last is null ? null : value(last);
            string text = own is null ? "–" : name == "accuracy" ? Percent(own) : Metric(own);
            bool leads = runs.Count > 1 && own is { } number
                && runs.All(other => other.Run.Last is not { } test || value(test.Metrics) is not { } rival
                    || (higher ? rival <= number : rival >= number));
            html.Append($"<td class=\"num\">{(leads ? $"<strong>{text}</strong>" : text)}</td>");
        }

        if (grouped)
        {
            html.Append($"<td class=\"num\">{(run.Curves?.Groups is { } groups ? Metric(groups.Value) : "–")}</td>");
        }

        html.Append($"<td class=\"num\">{(last?.Calibration is null ? "–" : Metric(last.Calibration))}</td>");
        string bestAuc = run.BestByAuc is { } best ? $"{Metric(best.Metrics.Auc)} <small>step {Count(best.Step)}</small>" : "–";
        html.Append($"<td class=\"num\">{bestAuc}</td></tr>\n");
    }
}
