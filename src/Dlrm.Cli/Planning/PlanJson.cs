using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Distributed.Planning;

namespace Dlrm.Cli.Planning;

/// <summary>What <c>dlrm plan --format=json</c> prints; members that <c>dlrm bench --format=json</c> has are called the same.</summary>
internal static class PlanJson
{
    /// <summary>One object.</summary>
    /// <param name="result">The plan.</param>
    /// <param name="measured">What steps took; null when none were made.</param>
    /// <param name="file">Where it was written.</param>
    public static string Of(PlanResult result, MeasuredStep? measured, string file)
    {
        StepPrediction step = result.Prediction;
        var json = new JsonObject
        {
            ["plan"] = file,
            ["batch"] = result.Request.BatchSize,
            ["ranks"] = result.Request.Ranks,
            ["hosts"] = result.Request.Hosts,
            ["threads"] = result.ThreadsPerRank,
            ["train_ms"] = step.StepMs,
            ["train_samples_per_s"] = step.SamplesPerSecond,
            ["stages"] = new JsonObject(step.Stages.Select(stage =>
                KeyValuePair.Create(JsonNamingPolicy.SnakeCaseLower.ConvertName(stage.Name).Replace('-', '_').Replace(' ', '_'), (JsonNode?)stage.Milliseconds))),
            ["breakdown"] = new JsonObject(step.Breakdown.Select(stage => KeyValuePair.Create(stage.Key, (JsonNode?)stage.Value))),
            ["rank_loads"] = new JsonArray([.. step.Ranks.Select(Rank)]),
            ["contiguous"] = Baseline(result.Contiguous),
            ["greedy"] = Baseline(result.Greedy),
        };
        if (measured is not null)
        {
            json["measured"] = new JsonObject
            {
                ["train_ms"] = measured.StepMs,
                ["iters"] = measured.Steps,
                ["breakdown"] = new JsonObject(measured.Breakdown.Select(stage => KeyValuePair.Create(stage.Key, (JsonNode?)stage.Value))),
            };
        }

        return json.ToJsonString();
    }

    private static JsonObject Rank(RankPrediction rank) => new()
    {
        ["rank"] = rank.Rank,
        ["parts"] = rank.Parts,
        ["gather_ms"] = rank.GatherMs,
        ["update_ms"] = rank.UpdateMs,
        ["sent_bytes"] = rank.SentBytes,
        ["received_bytes"] = rank.ReceivedBytes,
        ["memory_bytes"] = rank.MemoryBytes,
    };

    private static JsonObject Baseline(Baseline baseline) => new()
    {
        ["train_ms"] = baseline.Prediction.StepMs,
        ["missing_bytes"] = baseline.MissingBytes,
    };
}
