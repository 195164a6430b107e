using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dlrm.Cli.Tests.Golden;

/// <summary>A command line of the reference and what it printed; make.py wrote the file.</summary>
internal sealed record GoldenCase(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("args")] string[] Arguments,
    [property: JsonPropertyName("exit")] string? Exit,
    [property: JsonPropertyName("sizes")] int[]? Sizes,
    [property: JsonPropertyName("losses")] double[] Losses,
    [property: JsonPropertyName("evals")] GoldenEvaluation[] Evaluations,
    [property: JsonPropertyName("lines")] string[] Lines)
{
    public static IReadOnlyList<GoldenCase> All { get; } = JsonSerializer.Deserialize<GoldenCase[]>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "reference-lines.json")))!;

    public static GoldenCase Find(string name) => All.First(item => item.Name == name);
}

internal sealed record GoldenEvaluation(
    [property: JsonPropertyName("test_acc")] double Accuracy,
    [property: JsonPropertyName("test_auc")] double? Auc);
