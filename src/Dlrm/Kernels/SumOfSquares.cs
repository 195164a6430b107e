using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Of<TSimd>(float* values, int count)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        int whole = count & -VirtualLanes;
        Lanes16 lanes;
        float* lane = (float*)&lanes;
        for (int first = 0; first < VirtualLanes; first += TSimd.Lanes)
        {
            TSimd squares = TSimd.Zero;
            for (int place = first; place < whole; place += VirtualLanes)
            {
                TSimd value = TSimd.Load(values + place);
                squares = TSimd.Fma(value, value, squares);
            }

            if (typeof(TSimd) == typeof(Simd512) && whole == count)
            {
                // All lanes in one register: the same tree without a way through memory.
                Vector512<float> all = Unsafe.BitCast<TSimd, Vector512<float>>(squares);
                Vector256<float> eight = all.GetLower() + all.GetUpper();
                return SumOfFour(eight.GetLower() + eight.GetUpper());
            }

            TSimd.Store(squares, lane + first);
        }

        for (int place = whole; place < count; place++)
        {
            float value = values[place];
            lane[place - whole] = MathF.FusedMultiplyAdd(value, value, lane[place - whole]);
        }

        return SumOfFour(
            (Vector128.Load(lane) + Vector128.Load(lane + 8)) + (Vector128.Load(lane + 4) + Vector128.Load(lane + 12)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SumOfFour(Vector128<float> four)
    {
        Vector128<float> two = four + Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
        return two.ToScalar() + two.GetElement(1);
    }

    /// <summary>Memory for the lanes.</summary>
    [InlineArray(VirtualLanes)]
    private struct Lanes16
    {
        private float _first;
    }
}
