using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>
/// Adagrad (Duchi, Hazan, Singer 2011): <c>s = fma(g, g, s)</c>, <c>w = fma(−rate, g / (√s + 1e-10), w)</c>, s from 0.
/// </summary>
/// <remarks>State: <c>NAME.sum</c>, shaped as the parameter.</remarks>
public sealed class DenseAdagrad : DenseOptimizer
{
    private readonly RowUpdate<AdagradRule> _kernel;
    private readonly OptimizerState[] _states;

    /// <summary>Starts with zeroed state.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="parameters">All with a gradient.</param>
    /// <param name="name">The name on the command line.</param>
    /// <param name="options">Weight decay and clipping; null for neither.</param>
    public DenseAdagrad(
        Engine engine, IReadOnlyList<Parameter> parameters, string name = "adagrad", OptimizerOptions? options = null)
        : base(name, engine, parameters, options)
    {
        _kernel = RowUpdate<AdagradRule>.For(engine.InstructionSet);
        _states = OptimizerStates.Like(parameters, "sum");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> States => _states;

    /// <inheritdoc/>
    protected override void UpdateElements(
        int parameter, NativeBuffer<float> value, NativeBuffer<float> gradient, long start, int count, float learningRate)
        => _kernel.UpdateElements(value, gradient, start, count, new AdagradRule(_states[parameter].Value, start, learningRate));
}
