using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dlrm.Interop.Models;

/// <summary>Where training stood, in the state.json of a model folder.</summary>
public static class CountersJson
{
    private const string Member = "pytorch";

    /// <summary>state.json for a model that came from elsewhere.</summary>
    /// <param name="counters">What its file said; null when it said nothing.</param>
    public static string Write(TrainingCounters? counters)
    {
        var state = new JsonObject { ["step"] = counters?.Steps ?? 0, ["samples"] = 0 };
        if (counters is not null)
        {
            state[Member] = new JsonObject
            {
                ["epoch"] = counters.Epoch,
                ["nepochs"] = counters.Epochs,
                ["iter"] = counters.Iteration,
                ["nbatches"] = counters.Batches,
                ["nbatches_test"] = counters.TestBatches,
                ["train_loss"] = counters.TrainLoss,
                ["test_acc"] = counters.TestAccuracy,
                ["test_loss"] = counters.TestLoss,
                ["test_auc"] = counters.TestAuc,
                ["total_loss"] = counters.TotalLoss,
            };
        }

        return state.ToJsonString();
    }

    /// <summary>What <see cref="Write"/> wrote; else the steps of a state.json, as one epoch.</summary>
    /// <param name="stateJson">state.json, or null.</param>
    /// <exception cref="JsonException">It is not JSON.</exception>
    internal static TrainingCounters? Read(string? stateJson)
    {
        if (stateJson is null || JsonNode.Parse(stateJson) is not JsonObject state)
        {
            return null;
        }

        if (state[Member] is not JsonObject saved)
        {
            int step = (int)Math.Min((long?)state["step"] ?? 0, int.MaxValue);
            return new TrainingCounters { Iteration = step, Batches = step };
        }

        return new TrainingCounters
        {
            Epoch = (int?)saved["epoch"] ?? 0,
            Epochs = (int?)saved["nepochs"] ?? 1,
            Iteration = (int?)saved["iter"] ?? 0,
            Batches = (int?)saved["nbatches"] ?? 0,
            TestBatches = (int?)saved["nbatches_test"] ?? 0,
            TrainLoss = (double?)saved["train_loss"] ?? 0,
            TestAccuracy = (double?)saved["test_acc"] ?? 0,
            TestLoss = (double?)saved["test_loss"],
            TestAuc = (double?)saved["test_auc"],
            TotalLoss = (double?)saved["total_loss"] ?? 0,
        };
    }
}
