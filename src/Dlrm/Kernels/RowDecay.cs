using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>L2 on a row that is being updated: <c>result = fma(decay, weights, gradient)</c>, element by element.</summary>
internal static unsafe class RowDecay
{
    /// <summary>Adds the decay of one row.</summary>
    /// <typeparam name="TSimd">The register.</typeparam>
    /// <param name="weights">(D).</param>
    /// <param name="gradient">(D).</param>
    /// <param name="result">(D), out; may be the gradient.</param>
    /// <param name="dimension">D.</param>
    /// <param name="decay">λ.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add<TSimd>(float* weights, float* gradient, float* result, int dimension, float decay)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd decays = TSimd.Broadcast(decay);
        int column = 0;
        for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
        {
            TSimd.Store(TSimd.Fma(decays, TSimd.Load(weights + column), TSimd.Load(gradient + column)), result + column);
        }

        for (; column < dimension; column++)
        {
            result[column] = MathF.FusedMultiplyAdd(decay, weights[column], gradient[column]);
        }
    }
}
