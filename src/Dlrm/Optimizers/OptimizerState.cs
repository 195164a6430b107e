using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>A tensor that an optimizer keeps between steps and a checkpoint must hold.</summary>
/// <param name="Name">The parameter's name and the reference's name for the state, e.g. <c>emb_l.0.weight.sum</c>.</param>
/// <param name="Shape">Row-major extents.</param>
/// <param name="Value">The numbers; owned by the optimizer.</param>
public sealed record OptimizerState(string Name, IReadOnlyList<int> Shape, NativeBuffer<float> Value)
{
    /// <summary>Which part of a model's state this is, where ranks share it; null for a whole one.</summary>
    internal Layers.ShardRegion? Region { get; init; }

    /// <summary>True in a model that ranks share.</summary>
    internal bool IsShared { get; set; }
}
