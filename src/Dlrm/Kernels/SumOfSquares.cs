using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary><c>Σ x²</c> in one fixed order of additions.</summary>
/// <remarks>
/// Element i goes to lane i mod 16, i ascending, with fused multiply-add; then lanes are added by halves, 8, 4, 2, 1
/// apart.
/// </remarks>
internal static unsafe class SumOfSquares
{
    private const int VirtualLanes = 16;

    /// <summary>The sum over <paramref name="count"/> elements.</summary>
    /// <typeparam name="TSimd">The register to compute with.</typeparam>
    /// <param name="values">At any alignment.</param>
    /// <param name="count">0 or more.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Of<TSimd>(float* values, int count)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float* lanes = stackalloc float[VirtualLanes];
        int whole = count & -VirtualLanes;
        for (int lane = 0; lane < VirtualLanes; lane += TSimd.Lanes)
        {
            TSimd squares = TSimd.Zero;
            for (int place = lane; place < whole; place += VirtualLanes)
            {
                TSimd value = TSimd.Load(values + place);
                squares = TSimd.Fma(value, value, squares);
            }

            TSimd.Store(squares, lanes + lane);
        }

        for (int place = whole; place < count; place++)
        {
            float value = values[place];
            lanes[place - whole] = MathF.FusedMultiplyAdd(value, value, lanes[place - whole]);
        }

        for (int half = VirtualLanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
            {
                lanes[lane] += lanes[lane + half];
            }
        }

        return lanes[0];
    }
}
