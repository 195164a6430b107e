using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Output;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>--save-best: keeps the model of the test that is best by one metric, in a folder of the run.</summary>
internal sealed class BestKeeper(string metric, string path) : TrainingObserver, ITrainingState
{
    private double? _best;

    /// <summary>In state.json.</summary>
    public string Name => "save_best";

    /// <summary>Who saves it: set before the first step.</summary>
    public Checkpointer? Saver { get; set; }

    public override void Evaluated(EvaluationRecord record)
    {
        double? value = metric switch
        {
            "auc" => record.Metrics.Auc,
            "loss" => -record.Loss,
            _ => record.Metrics.Accuracy,
        };
        if (value is { } number && double.IsFinite(number) && !(number <= _best) && Saver is { } saver)
        {
            _best = number;
            saver.SaveTo(path);
        }
    }

    public JsonNode? Save() => _best is { } best ? new JsonObject { ["metric"] = metric, ["value"] = best } : null;

    public void Restore(JsonNode state)
    {
        if ((string?)state["metric"] == metric)
        {
            _best = (double?)state["value"];
        }
    }
}
