using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dlrm.Data.Generating;

/// <summary>What was generated, and what the best model there is gets on it.</summary>
public sealed record GeneratorReport
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Every setting that the rows follow from.</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>(T): rows of each table.</summary>
    public required IReadOnlyList<int> TableRows { get; init; }

    /// <summary>Of all rows.</summary>
    public required BestScores All { get; init; }

    /// <summary>Of the rows of each part.</summary>
    public required IReadOnlyDictionary<string, BestScores> Parts { get; init; }

    /// <summary>True when it was there already.</summary>
    public bool WasThere { get; init; }

    /// <summary>The text of generated.json.</summary>
    internal JsonObject ToJson()
    {
        var parts = new JsonObject();
        foreach ((string name, BestScores best) in Parts)
        {
            parts[name] = JsonSerializer.SerializeToNode(best, Json);
        }

        return new JsonObject
        {
            ["settings"] = Settings.DeepClone(),
            ["table_rows"] = JsonSerializer.SerializeToNode(TableRows, Json),
            ["best"] = JsonSerializer.SerializeToNode(All, Json),
            ["parts"] = parts,
        };
    }

    /// <summary>Reads generated.json.</summary>
    /// <exception cref="BadDataException">It is not one.</exception>
    internal static GeneratorReport Read(string path)
    {
        try
        {
            JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
            return new GeneratorReport
            {
                Settings = root["settings"]!.DeepClone().AsObject(),
                TableRows = root["table_rows"].Deserialize<int[]>(Json)!,
                All = root["best"].Deserialize<BestScores>(Json)!,
                Parts = root["parts"]!.AsObject().ToDictionary(part => part.Key, part => part.Value.Deserialize<BestScores>(Json)!),
            };
        }
        catch (Exception exception) when (exception is JsonException or NullReferenceException or InvalidOperationException)
        {
            throw new BadDataException(path, "is no report of dlrm generate; remove it, or add --overwrite.", exception);
        }
    }
}
