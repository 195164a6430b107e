using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>
/// Adam (Kingma, Ba 2015) with β₁ = 0.9, β₂ = 0.999, ε = 1e-8: <c>m = m + (1 − β₁)·(g − m)</c>,
/// <c>v = β₂·v + (1 − β₂)·g²</c>, <c>w = w − rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)</c>, t the step from 1.
/// </summary>
/// <remarks>
/// As PyTorch's Adam. State: <c>NAME.exp_avg</c> and <c>NAME.exp_avg_sq</c>, shaped as the parameter, and
/// <c>dense.step</c>.
/// </remarks>
public sealed class DenseAdam : DenseOptimizer
{
    private readonly RowUpdate<AdamRule> _kernel;
    private readonly OptimizerState[] _first;
    private readonly OptimizerState[] _second;
    private readonly AdamSteps _steps = new("dense.step");

    /// <summary>Starts with zeroed state.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="parameters">All with a gradient.</param>
    /// <param name="options">Weight decay and clipping; null for neither.</param>
    public DenseAdam(Engine engine, IReadOnlyList<Parameter> parameters, OptimizerOptions? options = null)
        : base("adam", engine, parameters, options)
    {
        _kernel = RowUpdate<AdamRule>.For(engine.InstructionSet);
        _first = OptimizerStates.Like(parameters, "exp_avg");
        _second = OptimizerStates.Like(parameters, "exp_avg_sq");
        States = [.. _first, .. _second, _steps.State];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> States { get; }

    /// <inheritdoc/>
    protected override void BeginStep() => _steps.Next();

    /// <inheritdoc/>
    protected override void UpdateElements(
        int parameter, NativeBuffer<float> value, NativeBuffer<float> gradient, long start, int count, float learningRate)
        => _kernel.UpdateElements(value, gradient, start, count, new AdamRule(
            _first[parameter].Value,
            _second[parameter].Value,
            start,
            (float)(learningRate / _steps.First),
            (float)_steps.SecondRoot));
}
