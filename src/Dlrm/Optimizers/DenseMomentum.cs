using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>Gradient descent with momentum μ: <c>b = fma(μ, b, g)</c>, <c>w = fma(−rate, b, w)</c>, b from 0.</summary>
/// <remarks>As PyTorch's SGD. State: <c>NAME.momentum_buffer</c>, shaped as the parameter.</remarks>
public sealed class DenseMomentum : DenseOptimizer
{
    private readonly RowUpdate<MomentumRule> _kernel;
    private readonly float _momentum;
    private readonly OptimizerState[] _states;

    /// <summary>Starts with zeroed state.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="parameters">All with a gradient.</param>
    /// <param name="options">Momentum, weight decay and clipping.</param>
    public DenseMomentum(Engine engine, IReadOnlyList<Parameter> parameters, OptimizerOptions options)
        : base("sgd", engine, parameters, options)
    {
        _kernel = RowUpdate<MomentumRule>.For(engine.InstructionSet);
        _momentum = options.Momentum;
        _states = OptimizerStates.Like(parameters, "momentum_buffer");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> States => _states;

    /// <inheritdoc/>
    protected override void UpdateElements(
        int parameter, NativeBuffer<float> value, NativeBuffer<float> gradient, long start, int count, float learningRate)
        => _kernel.UpdateElements(
            value, gradient, start, count, new MomentumRule(_states[parameter].Value, start, _momentum, learningRate));
}
