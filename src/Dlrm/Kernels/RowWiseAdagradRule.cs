using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// Adagrad with one accumulator a row: <c>s = s + mean(g²)</c>, <c>w = fma(−rate, g / (√s + ε), w)</c>.
/// </summary>
/// <remarks>
/// As the reference's <c>rwsadagrad</c>: ε = 1e-10, added after the root. The squares are added as in
/// <see cref="SumOfSquares"/>, then the sum is divided by D.
/// </remarks>
internal readonly unsafe struct RowWiseAdagradRule : IUpdateRule
{
    private readonly float* _state;
    private readonly float _step;

    /// <summary>A rule with its state.</summary>
    /// <param name="state">s: one element a row.</param>
    /// <param name="learningRate">Step size.</param>
    public RowWiseAdagradRule(NativeBuffer<float> state, float learningRate)
    {
        _state = state.Data;
        _step = -learningRate;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float sum = _state[row] + (SumOfSquares.Of<TSimd>(gradient, dimension) / dimension);
        _state[row] = sum;
        float root = MathF.Sqrt(sum) + AdagradRule.Epsilon;
        TSimd roots = TSimd.Broadcast(root);
        TSimd step = TSimd.Broadcast(_step);
        int column = 0;
        for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
        {
            TSimd scaled = TSimd.Load(gradient + column) / roots;
            TSimd.Store(TSimd.Fma(step, scaled, TSimd.Load(weights + column)), weights + column);
        }

        for (; column < dimension; column++)
        {
            weights[column] = MathF.FusedMultiplyAdd(_step, gradient[column] / root, weights[column]);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes) => Kernels.Prefetch.Row(_state + row, sizeof(float));
}
