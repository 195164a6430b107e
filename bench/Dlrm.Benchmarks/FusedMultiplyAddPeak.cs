using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Dlrm.Benchmarks;

/// <summary>The floor of arithmetic: fused multiply-adds of registers alone, as wide as the processor has them.</summary>
internal static class FusedMultiplyAddPeak
{
    /// <summary>Multiply-adds of one turn of the loop.</summary>
    private const int Chains = 12;

    /// <summary>Does at least <paramref name="operations"/> multiply-adds of floats.</summary>
    public static float Run(long operations)
        => Vector512.IsHardwareAccelerated ? Run512(operations / (Chains * 16)) : Run256(operations / (Chains * 8));

    // Nothing may be called in these methods: registers that live across a call are kept in memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Run512(long turns)
    {
        Vector512<float> x = Vector512.Create(1.0000001f);
        Vector512<float> y = Vector512.Create(1e-9f);
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (; turns >= 0; turns--)
        {
            a = Vector512.FusedMultiplyAdd(x, y, a);
            b = Vector512.FusedMultiplyAdd(x, y, b);
            c = Vector512.FusedMultiplyAdd(x, y, c);
            d = Vector512.FusedMultiplyAdd(x, y, d);
            e = Vector512.FusedMultiplyAdd(x, y, e);
            f = Vector512.FusedMultiplyAdd(x, y, f);
            g = Vector512.FusedMultiplyAdd(x, y, g);
            h = Vector512.FusedMultiplyAdd(x, y, h);
            i = Vector512.FusedMultiplyAdd(x, y, i);
            j = Vector512.FusedMultiplyAdd(x, y, j);
            k = Vector512.FusedMultiplyAdd(x, y, k);
            l = Vector512.FusedMultiplyAdd(x, y, l);
        }

        return (a + b + c + d + e + f + g + h + i + j + k + l)[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Run256(long turns)
    {
        Vector256<float> x = Vector256.Create(1.0000001f);
        Vector256<float> y = Vector256.Create(1e-9f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (; turns >= 0; turns--)
        {
            a = Vector256.FusedMultiplyAdd(x, y, a);
            b = Vector256.FusedMultiplyAdd(x, y, b);
            c = Vector256.FusedMultiplyAdd(x, y, c);
            d = Vector256.FusedMultiplyAdd(x, y, d);
            e = Vector256.FusedMultiplyAdd(x, y, e);
            f = Vector256.FusedMultiplyAdd(x, y, f);
            g = Vector256.FusedMultiplyAdd(x, y, g);
            h = Vector256.FusedMultiplyAdd(x, y, h);
            i = Vector256.FusedMultiplyAdd(x, y, i);
            j = Vector256.FusedMultiplyAdd(x, y, j);
            k = Vector256.FusedMultiplyAdd(x, y, k);
            l = Vector256.FusedMultiplyAdd(x, y, l);
        }

        return (a + b + c + d + e + f + g + h + i + j + k + l)[0];
    }
}
