using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Data;

namespace Dlrm.Tests.Golden;

/// <summary>What the reference computed on one command line.</summary>
internal sealed class GoldenCase
{
    private readonly JsonObject _json;

    private GoldenCase(JsonObject json) => _json = json;

    /// <summary>The case's name.</summary>
    public string Name => _json["name"]!.GetValue<string>();

    /// <summary>The reference's command line; <c>@</c> stands for a scratch folder.</summary>
    public IReadOnlyList<string> Arguments => Strings("args");

    /// <summary>The loss of every training iteration.</summary>
    public float[] Losses => Floats(_json["losses"]);

    /// <summary>The rate that each iteration was taken with.</summary>
    public double[] LearningRates => [.. _json["lrs"]!.AsArray().Select(rate => rate!.GetValue<double>())];

    /// <summary>The first batches that were read.</summary>
    public IReadOnlyList<GoldenBatch> Batches => [.. _json["batches"]!.AsArray().Select(GoldenBatch.Parse)];

    /// <summary>state_dict names and shapes, in the model's order.</summary>
    public IReadOnlyList<(string Name, int[] Shape)> Parameters
        => [.. _json["parameters"]!.AsObject().Select(entry => (entry.Key, Ints(entry.Value)))];

    /// <summary>The parameters before training.</summary>
    public IReadOnlyDictionary<string, GoldenTensor> Initial => Tensors("initial");

    /// <summary>The parameters after training.</summary>
    public IReadOnlyDictionary<string, GoldenTensor> Final => Tensors("final");

    /// <summary>Outputs of the first forward passes, one row a batch.</summary>
    public IReadOnlyList<float[]> FirstPredictions => [.. _json["first_predictions"]!.AsArray().Select(Floats)];

    /// <summary>The test passes.</summary>
    public IReadOnlyList<GoldenEvaluation> Evaluations => [.. _json["evals"]!.AsArray().Select(GoldenEvaluation.Parse)];

    /// <summary>The lines that the reference printed.</summary>
    public IReadOnlyList<string> StandardOutput => Strings("stdout");

    /// <summary>How a bad command line ended, else null.</summary>
    public string? Failure => (_json["exit"] ?? _json["exception"])?.GetValue<string>();

    /// <summary>Criteo: the sizes of the tables, else null.</summary>
    public int[]? Counts => _json["counts"] is { } counts ? Ints(counts) : null;

    /// <summary>Criteo: the head of the processed data, else null.</summary>
    public GoldenProcessedHead? ProcessedHead
        => _json["processed_head"] is { } head ? GoldenProcessedHead.Parse(head) : null;

    /// <summary>Reads a case.</summary>
    /// <param name="name">E.g. <c>readme</c>.</param>
    public static GoldenCase Load(string name)
    {
        using Stream stream = GoldenFiles.Open(name);
        return new GoldenCase(JsonNode.Parse(stream)!.AsObject());
    }

    /// <summary>An option's text on the command line, or the default.</summary>
    /// <param name="name">E.g. <c>--mini-batch-size</c>.</param>
    /// <param name="whenAbsent">The reference's default.</param>
    public string Option(string name, string whenAbsent)
    {
        string? argument = Arguments.LastOrDefault(argument => argument.StartsWith(name + "=", StringComparison.Ordinal));
        return argument is null ? whenAbsent : argument[(name.Length + 1)..];
    }

    /// <summary>An option's number on the command line, or the default.</summary>
    /// <param name="name">E.g. <c>--mini-batch-size</c>.</param>
    /// <param name="whenAbsent">The reference's default.</param>
    public double Number(string name, double whenAbsent)
        => double.Parse(Option(name, whenAbsent.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

    /// <summary>An option's dash-separated sizes on the command line, or the default.</summary>
    /// <param name="name">E.g. <c>--arch-mlp-bot</c>.</param>
    /// <param name="whenAbsent">The reference's default.</param>
    public int[] Sizes(string name, string whenAbsent)
        => [.. Option(name, whenAbsent).Split('-').Select(size => int.Parse(size, CultureInfo.InvariantCulture))];

    /// <summary>The random data that the command line asks for.</summary>
    public RandomDataOptions RandomData() => new()
    {
        DenseFeatures = Sizes("--arch-mlp-bot", "4-3-2")[0],
        TableRows = Sizes("--arch-embedding-size", "4-3-2"),
        DataSize = (long)Number("--data-size", 1),
        NumBatches = (int)Number("--num-batches", 0),
        BatchSize = (int)Number("--mini-batch-size", 1),
        LookupsPerTable = (int)Number("--num-indices-per-lookup", 10),
        FixedLookups = Option("--num-indices-per-lookup-fixed", string.Empty).Length > 0,
        RoundTargets = Option("--round-targets", string.Empty).Length > 0,
        Distribution = Enum.Parse<LookupDistribution>(Option("--rand-data-dist", "uniform"), ignoreCase: true),
        Min = Number("--rand-data-min", 0),
        Max = Number("--rand-data-max", 1),
        Mu = Number("--rand-data-mu", -1),
        Sigma = Number("--rand-data-sigma", 1),
        Seed = (long)Number("--numpy-rand-seed", 123),
    };

    internal static int[] Ints(JsonNode? node) => node.Deserialize<int[]>()!;

    internal static float[] Floats(JsonNode? node) => [.. node!.AsArray().Select(Float)];

    internal static float Float(JsonNode? node) => (float)node!.GetValue<double>();

    private string[] Strings(string field) => _json[field].Deserialize<string[]>()!;

    private Dictionary<string, GoldenTensor> Tensors(string field)
        => _json[field]!.AsObject().ToDictionary(entry => entry.Key, entry => GoldenTensor.Parse(entry.Value!));
}

/// <summary>One batch that the reference read.</summary>
/// <param name="Dense">(B, M) row-major.</param>
/// <param name="DenseFeatures">M.</param>
/// <param name="Offsets">A row a table, (B): the last offset is left out, as in PyTorch.</param>
/// <param name="Indices">A row a table.</param>
/// <param name="Labels">(B).</param>
internal sealed record GoldenBatch(float[] Dense, int DenseFeatures, int[][] Offsets, int[][] Indices, float[] Labels)
{
    internal static GoldenBatch Parse(JsonNode? node) => new(
        GoldenCase.Floats(node!["dense"]),
        node["dense_shape"]![1]!.GetValue<int>(),
        node["offsets"].Deserialize<int[][]>()!,
        node["indices"].Deserialize<int[][]>()!,
        GoldenCase.Floats(node["labels"]));
}

/// <summary>A parameter: all its values, or a digest where the model is large.</summary>
/// <param name="Values">Row-major; null for a digest.</param>
/// <param name="Sum">The sum of a digest.</param>
/// <param name="AbsoluteSum">The sum of magnitudes of a digest.</param>
/// <param name="First">The first four values of a digest.</param>
/// <param name="Last">The last four values of a digest.</param>
internal sealed record GoldenTensor(float[]? Values, double Sum, double AbsoluteSum, float[] First, float[] Last)
{
    internal static GoldenTensor Parse(JsonNode node) => node is JsonArray
        ? new(GoldenCase.Floats(node), 0, 0, [], [])
        : new(
            null,
            node["sum"]!.GetValue<double>(),
            node["abs_sum"]!.GetValue<double>(),
            GoldenCase.Floats(node["first"]),
            GoldenCase.Floats(node["last"]));
}

/// <summary>A test pass.</summary>
/// <param name="Accuracy">test_acc.</param>
/// <param name="Auc">test_auc; null unless it was recorded, that is improved under <c>--mlperf-logging</c>.</param>
/// <param name="Scores">The first 512 outputs.</param>
internal sealed record GoldenEvaluation(double Accuracy, double? Auc, float[] Scores)
{
    internal static GoldenEvaluation Parse(JsonNode? node) => new(
        node!["test_acc"]!.GetValue<double>(),
        node["test_auc"]?.GetValue<double>(),
        GoldenCase.Floats(node["scores"]));
}

/// <summary>The head of the reference's processed Criteo file.</summary>
/// <param name="Rows">Rows in all.</param>
/// <param name="Labels">Of the first 20 rows.</param>
/// <param name="Categorical">Ids of the first 20 rows, (20, 26).</param>
/// <param name="Dense">Counts of the first 20 rows, (20, 13), before the logarithm.</param>
/// <param name="CategoricalSum">The sum of all ids.</param>
internal sealed record GoldenProcessedHead(int Rows, int[] Labels, double[][] Categorical, double[][] Dense, long CategoricalSum)
{
    internal static GoldenProcessedHead Parse(JsonNode node) => new(
        node["rows"]!.GetValue<int>(),
        GoldenCase.Ints(node["y"]),
        node["X_cat"].Deserialize<double[][]>()!,
        node["X_int"].Deserialize<double[][]>()!,
        node["X_cat_sum"]!.GetValue<long>());
}
