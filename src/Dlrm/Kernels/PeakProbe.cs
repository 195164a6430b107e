using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>
/// What one core can do at best: a loop of fused multiply-adds that touches registers only.
/// </summary>
/// <remarks>
/// Shares of this peak are comparable between machines and between quiet and busy moments; GFLOP/s are not. Measure
/// the peak and the kernel in turns, in short bursts, and compare the best of each.
/// </remarks>
public static class PeakProbe
{
    private const int Chains = 12; // Two pipes with a latency of four cycles need eight.

    /// <summary>One burst of fused multiply-adds on the calling thread.</summary>
    /// <param name="set">Decides the width of the vectors.</param>
    /// <param name="iterations">Length of the burst: 20,000 take about 30 µs with AVX-512.</param>
    /// <returns>10⁹ floating-point operations a second; a multiply-add counts as two.</returns>
    /// <exception cref="ArgumentException">This processor lacks <paramref name="set"/>.</exception>
    public static double FmaGflops(InstructionSet set, int iterations = 20_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1);
        if (!InstructionSets.IsSupported(set))
        {
            throw new ArgumentException($"This processor has no {set}.", nameof(set));
        }

        (int lanes, long start) = (1, System.Diagnostics.Stopwatch.GetTimestamp());
        float sink;
        switch (set)
        {
            case InstructionSet.Avx512:
                (lanes, sink) = (Vector512<float>.Count, Run512(iterations));
                break;
            case InstructionSet.Avx2:
                (lanes, sink) = (Vector256<float>.Count, Run256(iterations));
                break;
            case InstructionSet.Vector128:
                (lanes, sink) = (Vector128<float>.Count, Run128(iterations));
                break;
            default:
                sink = RunScalar(iterations);
                break;
        }

        double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
        GC.KeepAlive(sink > 0 ? nameof(PeakProbe) : null); // The sum is used, so the loop stays.
        return 2.0 * Chains * lanes * iterations / seconds / 1e9;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run512(int iterations)
    {
        Vector512<float> half = Vector512.Create(0.5f), one = Vector512<float>.One;
        Vector512<float> a = one, b = one, c = one, d = one, e = one, f = one;
        Vector512<float> g = one, h = one, i = one, j = one, k = one, l = one;
        for (int n = 0; n < iterations; n++)
        {
            a = Avx512F.FusedMultiplyAdd(a, half, one);
            b = Avx512F.FusedMultiplyAdd(b, half, one);
            c = Avx512F.FusedMultiplyAdd(c, half, one);
            d = Avx512F.FusedMultiplyAdd(d, half, one);
            e = Avx512F.FusedMultiplyAdd(e, half, one);
            f = Avx512F.FusedMultiplyAdd(f, half, one);
            g = Avx512F.FusedMultiplyAdd(g, half, one);
            h = Avx512F.FusedMultiplyAdd(h, half, one);
            i = Avx512F.FusedMultiplyAdd(i, half, one);
            j = Avx512F.FusedMultiplyAdd(j, half, one);
            k = Avx512F.FusedMultiplyAdd(k, half, one);
            l = Avx512F.FusedMultiplyAdd(l, half, one);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run256(int iterations)
    {
        Vector256<float> half = Vector256.Create(0.5f), one = Vector256<float>.One;
        Vector256<float> a = one, b = one, c = one, d = one, e = one, f = one;
        Vector256<float> g = one, h = one, i = one, j = one, k = one, l = one;
        for (int n = 0; n < iterations; n++)
        {
            a = Fma.MultiplyAdd(a, half, one);
            b = Fma.MultiplyAdd(b, half, one);
            c = Fma.MultiplyAdd(c, half, one);
            d = Fma.MultiplyAdd(d, half, one);
            e = Fma.MultiplyAdd(e, half, one);
            f = Fma.MultiplyAdd(f, half, one);
            g = Fma.MultiplyAdd(g, half, one);
            h = Fma.MultiplyAdd(h, half, one);
            i = Fma.MultiplyAdd(i, half, one);
            j = Fma.MultiplyAdd(j, half, one);
            k = Fma.MultiplyAdd(k, half, one);
            l = Fma.MultiplyAdd(l, half, one);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run128(int iterations)
    {
        Vector128<float> half = Vector128.Create(0.5f), one = Vector128<float>.One;
        Vector128<float> a = one, b = one, c = one, d = one, e = one, f = one;
        Vector128<float> g = one, h = one, i = one, j = one, k = one, l = one;
        for (int n = 0; n < iterations; n++)
        {
            a = Vector128.FusedMultiplyAdd(a, half, one);
            b = Vector128.FusedMultiplyAdd(b, half, one);
            c = Vector128.FusedMultiplyAdd(c, half, one);
            d = Vector128.FusedMultiplyAdd(d, half, one);
            e = Vector128.FusedMultiplyAdd(e, half, one);
            f = Vector128.FusedMultiplyAdd(f, half, one);
            g = Vector128.FusedMultiplyAdd(g, half, one);
            h = Vector128.FusedMultiplyAdd(h, half, one);
            i = Vector128.FusedMultiplyAdd(i, half, one);
            j = Vector128.FusedMultiplyAdd(j, half, one);
            k = Vector128.FusedMultiplyAdd(k, half, one);
            l = Vector128.FusedMultiplyAdd(l, half, one);
        }

        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float RunScalar(int iterations)
    {
        float a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1, i = 1, j = 1, k = 1, l = 1;
        for (int n = 0; n < iterations; n++)
        {
            a = MathF.FusedMultiplyAdd(a, 0.5f, 1);
            b = MathF.FusedMultiplyAdd(b, 0.5f, 1);
            c = MathF.FusedMultiplyAdd(c, 0.5f, 1);
            d = MathF.FusedMultiplyAdd(d, 0.5f, 1);
            e = MathF.FusedMultiplyAdd(e, 0.5f, 1);
            f = MathF.FusedMultiplyAdd(f, 0.5f, 1);
            g = MathF.FusedMultiplyAdd(g, 0.5f, 1);
            h = MathF.FusedMultiplyAdd(h, 0.5f, 1);
            i = MathF.FusedMultiplyAdd(i, 0.5f, 1);
            j = MathF.FusedMultiplyAdd(j, 0.5f, 1);
            k = MathF.FusedMultiplyAdd(k, 0.5f, 1);
            l = MathF.FusedMultiplyAdd(l, 0.5f, 1);
        }

        return a + b + c + d + e + f + g + h + i + j + k + l;
    }
}
