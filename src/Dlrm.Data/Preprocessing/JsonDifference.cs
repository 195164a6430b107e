using System.Text.Json.Nodes;

namespace Dlrm.Data.Preprocessing;

/// <summary>Names the first place where two settings differ.</summary>
internal static class JsonDifference
{
    /// <summary><c>schema.dense[2].bins 16, not 8</c>; null when they are equal.</summary>
    public static string? First(string path, JsonNode? there, JsonNode? asked)
    {
        if (JsonNode.DeepEquals(there, asked))
        {
            return null;
        }

        if (there is JsonObject left && asked is JsonObject right)
        {
            return left.Select(member => member.Key).Union(right.Select(member => member.Key))
                .Select(name => First($"{path}.{name}", left[name], right[name])).FirstOrDefault(found => found is not null);
        }

        if (there is JsonArray before && asked is JsonArray after && before.Count == after.Count)
        {
            return Enumerable.Range(0, before.Count).Select(item => First($"{path}[{item}]", before[item], after[item]))
                .FirstOrDefault(found => found is not null);
        }

        return $"{path} {Text(there)}, not {Text(asked)}";
    }

    private static string Text(JsonNode? node) => node switch
    {
        null => "(not given)",
        JsonArray array => $"of {array.Count} entries",
        _ => node.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }),
    };
}
