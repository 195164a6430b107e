using Dlrm.Cli.Options;
using Dlrm.Model;
using Dlrm.Reports;
using Dlrm.Reports.Recorded;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>Collects what the report of a run shows, and writes it.</summary>
internal static class RunReporting
{
    /// <summary>Writes report.html.</summary>
    /// <param name="path">The file.</param>
    /// <param name="values">The options.</param>
    /// <param name="data">The data.</param>
    /// <param name="model">The trained model.</param>
    /// <param name="history">What happened.</param>
    /// <param name="evaluator">Holds the scores of the last test; null without tests.</param>
    /// <param name="slices">The last test by slice.</param>
    /// <param name="result">How it ended.</param>
    /// <param name="started">When it began.</param>
    public static void Write(
        string path,
        OptionValues values,
        RunData data,
        DlrmModel model,
        RunHistory history,
        Evaluator? evaluator,
        IReadOnlyList<RecordedSlices> slices,
        TrainingResult result,
        DateTimeOffset started)
    {
        DlrmConfig config = model.Config;
        var description = new ModelDescription(config, values.GetInt(TrainOptions.BatchSize));
        RunReport.Write(path, new RunReportData
        {
            Title = data.Title,
            Outcome = result.End switch
            {
                TrainingEnd.TargetReached => "ended when its target was reached",
                TrainingEnd.StoppedEarly => "ended early, when tests got no better",
                TrainingEnd.Interrupted => $"interrupted after step {result.Steps}",
                _ => "completed",
            },
            Started = started,
            TrainingTime = result.TrainingTime,
            Loss = config.Loss,
            Training = history.Training,
            Evaluations = history.Evaluations,
            FurtherTests = history.FurtherTests,
            Curves = evaluator is { Scores.Samples: > 0 } scored ? scored.Scores.ComputeCurves() : null,
            Slices = slices,
            GroupAuc = evaluator is { Scores.Samples: > 0 } ? evaluator.Groups?.Compute() : null,
            Tables =
            [
                .. TableLayout.Of(config).Select(table => new ReportTable(
                    $"emb_l.{table.Number}", table.Rows, table.Dimension, table.ParameterCount * sizeof(float))),
            ],
            Layers =
            [
                .. description.Layers.Select(layer => new ReportLayer(
                    layer.Name, layer.Inputs, layer.Outputs, layer.Parameters * sizeof(float))),
            ],
            Configuration =
            [
                .. values.Set().Select(entry => KeyValuePair.Create(entry.Option.Name, entry.Option.Write(entry.Value))),
            ],
            Command = RunRecord.CommandLine("train", values),
            Warnings = history.Warnings,
            Environment = ReportEnvironment.Of(model.Engine),
        });
    }
}
