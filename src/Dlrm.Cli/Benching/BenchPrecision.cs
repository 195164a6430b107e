using System.Globalization;
using System.Text.Json.Serialization;
using Dlrm.Model;

namespace Dlrm.Cli.Benching;

/// <summary>Inference in fewer bits beside the same in single precision, measured in turns; milliseconds, the fastest steps.</summary>
internal sealed record BenchPrecision
{
    /// <summary>In how many bits.</summary>
    public required string Precision { get; init; }

    /// <summary>An inference step in these bits.</summary>
    public required double InferMs { get; init; }

    /// <summary>An inference step in single precision.</summary>
    public required double SingleInferMs { get; init; }

    /// <summary>The part of the step that gathers rows.</summary>
    public required double GatherMs { get; init; }

    /// <summary>The same in single precision.</summary>
    public required double SingleGatherMs { get; init; }

    /// <summary>The part of the step that is in the towers.</summary>
    public required double TowerMs { get; init; }

    /// <summary>The same in single precision.</summary>
    public required double SingleTowerMs { get; init; }

    /// <summary>For people, one line a part.</summary>
    [JsonIgnore]
    public IEnumerable<string> Lines =>
    [
        $"inference in {Precision} beside single precision, fastest steps in turns:",
        Line("whole step", InferMs, SingleInferMs),
        Line("gathering rows", GatherMs, SingleGatherMs),
        Line("towers", TowerMs, SingleTowerMs),
    ];

    private static string Line(string name, double quantized, double single) => string.Create(
        CultureInfo.InvariantCulture, $"{name,-22}{quantized,10:0.000} ms{single,10:0.000} ms{single / quantized,8:0.00} ×");
}

/// <summary>Takes turns between a model and its quantized copy.</summary>
internal sealed class PrecisionTurns(BenchWorkload workload)
{
    private readonly Samples[] _quantized = [new(), new(), new()];
    private readonly Samples[] _single = [new(), new(), new()];

    /// <summary>One step of each.</summary>
    public void Step()
    {
        if (workload is ModelWorkload { Quantized: not null } models)
        {
            Add(_quantized, models.Quantized, models);
            Add(_single, models.Single, models);
        }
    }

    /// <summary>What was found; null where nothing is quantized.</summary>
    public BenchPrecision? Result => workload is ModelWorkload { Quantized: { } quantized }
        ? new BenchPrecision
        {
            Precision = quantized.Config.Precision.ToString(),
            InferMs = _quantized[0].Least,
            SingleInferMs = _single[0].Least,
            GatherMs = _quantized[1].Least,
            SingleGatherMs = _single[1].Least,
            TowerMs = _quantized[2].Least,
            SingleTowerMs = _single[2].Least,
        }
        : null;

    private static void Add(Samples[] samples, DlrmModel model, ModelWorkload workload)
    {
        model.Stages.Reset();
        samples[0].Add(BenchRunner.Milliseconds(() => model.Predict(workload.NextBatch())));
        samples[1].Add(model.Stages.Milliseconds(Stage.EmbeddingForward));
        samples[2].Add(model.Stages.Milliseconds(Stage.BottomForward) + model.Stages.Milliseconds(Stage.TopForward));
    }
}
