using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>
/// Follow the regularized leader, proximal, with a rate for every coordinate (McMahan et al. 2013), α the learning rate:
/// <c>n' = n + g²</c>, <c>z' = z + α·g − (√n' − √n)·w</c>,
/// <c>w = −sign(z')·max(|z'| − α·λ₁, 0) / (β + √n' + α·λ₂)</c>.
/// </summary>
/// <remarks>
/// z is the article's, multiplied by α. Training starts from the initial weights, not from 0. State: <c>NAME.linear</c>
/// (z) and <c>NAME.accumulator</c> (n), shaped as the parameter.
/// </remarks>
public sealed class DenseFtrl : DenseOptimizer
{
    private readonly RowUpdate<FtrlRule> _kernel;
    private readonly OptimizerOptions _options;
    private readonly OptimizerState[] _linear;
    private readonly OptimizerState[] _squares;

    /// <summary>Starts with zeroed state.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="parameters">All with a gradient.</param>
    /// <param name="options">β, λ₁, λ₂, weight decay and clipping; null for the defaults.</param>
    public DenseFtrl(Engine engine, IReadOnlyList<Parameter> parameters, OptimizerOptions? options = null)
        : base("ftrl", engine, parameters, options)
    {
        _kernel = RowUpdate<FtrlRule>.For(engine.InstructionSet);
        _options = options ?? new OptimizerOptions();
        _linear = OptimizerStates.Like(parameters, "linear");
        _squares = OptimizerStates.Like(parameters, "accumulator");
        States = [.. _linear, .. _squares];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> States { get; }

    /// <inheritdoc/>
    protected override void UpdateElements(
        int parameter, NativeBuffer<float> value, NativeBuffer<float> gradient, long start, int count, float learningRate)
    {
        var rule = new FtrlRule(
            _linear[parameter].Value,
            _squares[parameter].Value,
            start,
            learningRate,
            _options.FtrlBeta,
            _options.FtrlL1,
            _options.FtrlL2);
        _kernel.UpdateElements(value, gradient, start, count, rule);
    }
}
