using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>Gradient descent: <c>w = fma(−rate, g, w)</c>.</summary>
/// <param name="learningRate">Step size.</param>
internal readonly unsafe struct SgdRule(float learningRate) : IUpdateRule
{
    private readonly float _step = -learningRate;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd step = TSimd.Broadcast(_step);
        int column = 0;
        for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
        {
            TSimd.Store(TSimd.Fma(step, TSimd.Load(gradient + column), TSimd.Load(weights + column)), weights + column);
        }

        for (; column < dimension; column++)
        {
            weights[column] = MathF.FusedMultiplyAdd(_step, gradient[column], weights[column]);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes)
    {
    }
}
