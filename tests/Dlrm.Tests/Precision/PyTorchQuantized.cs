using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Tests.Golden;

namespace Dlrm.Tests.Precision;

/// <summary>What PyTorch made of tables, layers and the golden model: written by make_pytorch_quantized.py.</summary>
internal static class PyTorchQuantized
{
    private static readonly JsonObject s_json = Load();

    public static IEnumerable<JsonObject> Rows => s_json["rows"]!.AsArray().Select(node => node!.AsObject());

    public static IEnumerable<JsonObject> Layers => s_json["layers"]!.AsArray().Select(node => node!.AsObject());

    public static string[] Arguments => s_json["args"].Deserialize<string[]>()!;

    public static IReadOnlyDictionary<string, float[]> GoldenParameters
        => s_json["golden"]!.AsObject().ToDictionary(entry => entry.Key, entry => Floats(entry.Value));

    public static float[] Scores(string name) => Floats(s_json["scores"]![name]);

    public static float[] Floats(JsonNode? node) => [.. node!.AsArray().Select(value => (float)value!.GetValue<double>())];

    public static byte[] Bytes(JsonNode? node) => [.. node!.AsArray().Select(value => unchecked((byte)value!.GetValue<int>()))];

    private static JsonObject Load()
    {
        string path = Path.Combine(GoldenFiles.Folder, "..", "..", "Precision", "pytorch-quantized.json.gz");
        using var stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        return JsonNode.Parse(stream)!.AsObject();
    }
}
