using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>Makes zeroed state.</summary>
internal static class OptimizerStates
{
    /// <summary>One tensor for each parameter, shaped as it and called NAME.<paramref name="suffix"/>.</summary>
    public static OptimizerState[] Like(IReadOnlyList<Parameter> parameters, string suffix) =>
        [.. parameters.Select(p => new OptimizerState($"{p.Name}.{suffix}", p.Shape, new NativeBuffer<float>(p.Elements)) { Region = p.Region })];
}
