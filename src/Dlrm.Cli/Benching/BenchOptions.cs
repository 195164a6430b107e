using Dlrm.Kernels;
using Dlrm.Model;

namespace Dlrm.Cli.Benching;

/// <summary>What <c>dlrm bench</c> is asked to measure.</summary>
internal sealed record BenchOptions
{
    /// <summary>The name of a preset (<c>--preset</c>).</summary>
    public string Preset { get; init; } = "kaggle";

    /// <summary>B (<c>--mini-batch-size</c>); 0 for the preset's own.</summary>
    public int Batch { get; init; }

    /// <summary>Workers (<c>--num-threads</c>); 0 for every core that the process may use.</summary>
    public int Threads { get; init; }

    /// <summary>The instruction set (<c>--isa</c>); null for the fastest.</summary>
    public InstructionSet? InstructionSet { get; init; }

    /// <summary>Bits of the tables in training, and of the model that predicts.</summary>
    public ModelPrecision Precision { get; init; } = ModelPrecision.Single;

    /// <summary>Timed steps of each kind (<c>--iters</c>); 0 for as many as fit in about three seconds, 10 at least.</summary>
    public int Iterations { get; init; }

    /// <summary>One JSON object instead of a table (<c>--format=json</c>).</summary>
    public bool Json { get; init; }
}
