using System.Text.Json.Nodes;

namespace Dlrm.Cli.Tests.Running;

/// <summary>metrics.jsonl without what a clock measured: all else is the same in a run that was stopped and one that was not.</summary>
internal static class MetricsComparison
{
    /// <summary>The members that hold times.</summary>
    private static readonly string[] Timings = ["ms_per_it"];

    public static string[] Lines(string path) => [.. File.ReadLines(path).Select(WithoutTimings)];

    private static string WithoutTimings(string line)
    {
        JsonObject node = JsonNode.Parse(line)!.AsObject();
        foreach (string name in Timings)
        {
            node.Remove(name);
        }

        return node.ToJsonString();
    }
}
