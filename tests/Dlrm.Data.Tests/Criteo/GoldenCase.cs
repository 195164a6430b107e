using System.IO.Compression;
using System.Reflection;
using System.Text.Json;
using Dlrm.Data.Criteo;

namespace Dlrm.Data.Tests.Criteo;

/// <summary>What the reference computed on criteo-tiny.tsv.gz (TestData/pack.py).</summary>
internal sealed record GoldenCase(
    string Name, long Seed, string Randomize, bool MemoryMap, int MaxIndexRange, double SubSampleRate, int TrainBatches, int TestRows,
    int[] Counts, int Rows, long IndexSum, int[] HeadLabels, int[][] HeadNumbers, int[][] HeadIndices, float[] BatchDense,
    int[][] BatchIndices, float[] BatchLabels, int TableRows, float[] FirstWeights)
{
    public static IReadOnlyList<GoldenCase> All { get; } = Read();

    public static byte[] Text { get; } = ReadText();

    public CriteoKaggleOptions Options(string file) => new()
    {
        RawDataFile = file,
        Randomize = Enum.Parse<CriteoRandomize>(Randomize, ignoreCase: true),
        MemoryMap = MemoryMap,
        MaxIndexRange = MaxIndexRange,
        SubSampleRate = SubSampleRate,
        BatchSize = 64,
        TestBatchSize = 100,
    };

    public static GoldenCase Named(string name) => All.Single(golden => golden.Name == name);

    private static GoldenCase[] Read()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("criteo.json")!;
        return JsonSerializer.Deserialize<Dictionary<string, GoldenCase[]>>(stream, JsonSerializerOptions.Web)!["cases"];
    }

    private static byte[] ReadText()
    {
        using Stream packed = Assembly.GetExecutingAssembly().GetManifestResourceStream("criteo-tiny.tsv.gz")!;
        using var gzip = new GZipStream(packed, CompressionMode.Decompress);
        using var text = new MemoryStream();
        gzip.CopyTo(text);
        return text.ToArray();
    }
}
