using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>Stochastic gradient descent without momentum: <c>w = fma(−rate, g, w)</c>.</summary>
/// <param name="engine">Says which instructions to use.</param>
/// <param name="parameters">All with a gradient.</param>
/// <param name="options">Weight decay and clipping; null for neither.</param>
public sealed class DenseSgd(Engine engine, IReadOnlyList<Parameter> parameters, OptimizerOptions? options = null)
    : DenseOptimizer("sgd", engine, parameters, options)
{
    private readonly RowUpdate<SgdRule> _kernel = RowUpdate<SgdRule>.For(engine.InstructionSet);

    /// <inheritdoc/>
    protected override void UpdateElements(
        int parameter, NativeBuffer<float> value, NativeBuffer<float> gradient, long start, int count, float learningRate)
        => _kernel.UpdateElements(value, gradient, start, count, new SgdRule(learningRate));
}
