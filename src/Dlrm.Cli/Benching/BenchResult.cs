using System.Text.Json.Serialization;

namespace Dlrm.Cli.Benching;

/// <summary>What a benchmark found; its JSON is stable: members may be added, none renamed. Times are medians.</summary>
internal sealed record BenchResult
{
    /// <summary>The preset.</summary>
    public required string Preset { get; init; }

    /// <summary>B.</summary>
    public required int Batch { get; init; }

    /// <summary>Workers.</summary>
    public required int Threads { get; init; }

    /// <summary>Timed training steps, and as many inference steps.</summary>
    public required int Iters { get; init; }

    /// <summary>portable, vector128, avx2 or avx512.</summary>
    public required string InstructionSet { get; init; }

    /// <summary>Milliseconds of a training step.</summary>
    public required double TrainMs { get; init; }

    /// <summary>Milliseconds of an inference step.</summary>
    public required double InferMs { get; init; }

    /// <summary>B over the time of a training step.</summary>
    public required double TrainSamplesPerS { get; init; }

    /// <summary>B over the time of an inference step.</summary>
    public required double InferSamplesPerS { get; init; }

    /// <summary>10⁹ operations a second of a training step, counting its matrix products alone.</summary>
    public required double Gflops { get; init; }

    /// <summary>The least a training step could take on this machine now: the sum of the floor's parts.</summary>
    public required double FloorMs { get; init; }

    /// <summary><see cref="FloorMs"/> over <see cref="TrainMs"/>.</summary>
    public required double FractionOfFloor { get; init; }

    /// <summary>The least an inference step could take.</summary>
    public required double InferFloorMs { get; init; }

    /// <summary><see cref="InferFloorMs"/> over <see cref="InferMs"/>.</summary>
    public required double InferFractionOfFloor { get; init; }

    /// <summary>The fastest training step. On a busy machine the best figures are nearer to the truth than medians.</summary>
    public required double BestTrainMs { get; init; }

    /// <summary>The floor at the best speeds measured, over <see cref="BestTrainMs"/>.</summary>
    public required double BestFractionOfFloor { get; init; }

    /// <summary>The fastest inference step.</summary>
    public required double BestInferMs { get; init; }

    /// <summary>The floor of inference at the best speeds measured, over <see cref="BestInferMs"/>.</summary>
    public required double BestInferFractionOfFloor { get; init; }

    /// <summary>Inference in fewer bits beside single precision; null when none were asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BenchPrecision? Quantized { get; init; }

    /// <summary>What the floors were computed from.</summary>
    public required BenchFloor Floor { get; init; }

    /// <summary>Milliseconds of a training step by stage.</summary>
    public required IReadOnlyDictionary<string, double> Breakdown { get; init; }
}

/// <summary>Speeds measured between the steps, and what they mean for one step.</summary>
internal sealed record BenchFloor
{
    /// <summary>10⁹ operations a second of fused multiply-adds in registers, all workers together.</summary>
    public required double PeakGflops { get; init; }

    /// <summary>10⁹ bytes a second read from random rows, all workers together; 0 without tables.</summary>
    public required double GatherGbPerS { get; init; }

    /// <summary>10⁹ bytes a second read and written at random rows, all workers together; 0 without tables.</summary>
    public required double UpdateGbPerS { get; init; }

    /// <summary>Training: the matrix products at peak.</summary>
    public required double ComputeMs { get; init; }

    /// <summary>Training: the rows gathered at full bandwidth.</summary>
    public required double GatherMs { get; init; }

    /// <summary>Training: the rows updated at full bandwidth.</summary>
    public required double UpdateMs { get; init; }

    /// <summary>Milliseconds of a training step, one part after the other.</summary>
    [JsonIgnore]
    public double TrainMs => ComputeMs + GatherMs + UpdateMs;

    /// <summary>Milliseconds of an inference step.</summary>
    /// <param name="workload">The step.</param>
    public double InferMs(BenchWorkload workload) => (ComputeMs * workload.InferFlops / workload.TrainFlops) + GatherMs;
}

/// <summary>JSON without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BenchResult))]
[JsonSerializable(typeof(ServedTimes))]
[JsonSerializable(typeof(ServedModel))]
internal sealed partial class BenchJson : JsonSerializerContext;
