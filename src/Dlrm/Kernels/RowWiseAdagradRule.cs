using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// Adagrad with one accumulator a row: <c>s = s + mean(g²)</c>, <c>w = fma(−rate / (√s + ε), g, w)</c>.
/// </summary>
/// <remarks>
/// As the reference's <c>rwsadagrad</c>: ε = 1e-10, added after the root (the reference divides each g by the root; one
/// division a row differs in the last bits). The squares are added as in <see cref="SumOfSquares"/>, then the sum is
/// divided by D.
/// </remarks>
internal readonly unsafe struct RowWiseAdagradRule : IUpdateRule
{
    private readonly float* _state;
    private readonly float _rate;

    /// <summary>A rule with its state.</summary>
    /// <param name="state">s: one element a row.</param>
    /// <param name="learningRate">Step size.</param>
    public RowWiseAdagradRule(NativeBuffer<float> state, float learningRate)
    {
        _state = state.Data;
        _rate = learningRate;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float sum = _state[row] + (SumOfSquares.Of<TSimd>(gradient, dimension) / dimension);
        _state[row] = sum;
        new SgdRule(_rate / (MathF.Sqrt(sum) + AdagradRule.Epsilon)).Apply<TSimd>(row, weights, gradient, dimension);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes) => Kernels.Prefetch.Row(_state + row, sizeof(float));
}
