using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>What one core can do at best: a loop of fused multiply-adds that touches registers only.</summary>
/// <remarks>
/// Shares of this peak are comparable between machines and between quiet and busy moments; GFLOP/s are not. Measure
/// the peak and the kernel in turns, in bursts of about the same length, and compare the best of each.
/// </remarks>
public static class PeakProbe
{
    /// <summary>Sums that do not wait for each other: two pipes with a latency of four cycles need eight.</summary>
    private const int Chains = 12;

    private interface ILanes<TVector>
    {
        static abstract int Count { get; }

        static abstract TVector Broadcast(float value);

        static abstract TVector MultiplyAdd(TVector a, TVector b, TVector sum);

        static abstract float First(TVector value);
    }

    /// <summary>Multiply-adds in one iteration of the loop.</summary>
    /// <param name="set">Decides the width of the vectors.</param>
    public static int MultiplyAddsPerIteration(InstructionSet set) => Chains * set switch
    {
        InstructionSet.Avx512 => Lanes512.Count,
        InstructionSet.Avx2 => Lanes256.Count,
        InstructionSet.Vector128 => Lanes128.Count,
        _ => Scalar.Count,
    };

    /// <summary>One burst of fused multiply-adds on the calling thread.</summary>
    /// <param name="set">Decides the width of the vectors.</param>
    /// <param name="iterations">Length of the burst, 1 or more: 20,000 take about 30 µs with AVX-512.</param>
    /// <returns>10⁹ floating-point operations a second; a multiply-add counts as two.</returns>
    /// <exception cref="ArgumentException">This processor lacks <paramref name="set"/>.</exception>
    public static double FmaGflops(InstructionSet set, int iterations = 20_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1);
        if (!InstructionSets.IsSupported(set))
        {
            throw new ArgumentException($"This processor has no {set}.", nameof(set));
        }

        long start = Stopwatch.GetTimestamp();
        float sum = set switch
        {
            InstructionSet.Avx512 => Run<Vector512<float>, Lanes512>(iterations),
            InstructionSet.Avx2 => Run<Vector256<float>, Lanes256>(iterations),
            InstructionSet.Vector128 => Run<Vector128<float>, Lanes128>(iterations),
            _ => Run<float, Scalar>(iterations),
        };
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        // The sum takes part in the answer, so the loop stays; it is about 24 and never NaN.
        return float.IsNaN(sum) ? 0 : 2.0 * MultiplyAddsPerIteration(set) * iterations / seconds / 1e9;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run<TVector, TLanes>(int iterations)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
    {
        TVector half = TLanes.Broadcast(0.5f), one = TLanes.Broadcast(1);
        TVector a = one, b = one, c = one, d = one, e = one, f = one;
        TVector g = one, h = one, i = one, j = one, k = one, l = one;
        for (int n = 0; n < iterations; n++)
        {
            a = TLanes.MultiplyAdd(a, half, one);
            b = TLanes.MultiplyAdd(b, half, one);
            c = TLanes.MultiplyAdd(c, half, one);
            d = TLanes.MultiplyAdd(d, half, one);
            e = TLanes.MultiplyAdd(e, half, one);
            f = TLanes.MultiplyAdd(f, half, one);
            g = TLanes.MultiplyAdd(g, half, one);
            h = TLanes.MultiplyAdd(h, half, one);
            i = TLanes.MultiplyAdd(i, half, one);
            j = TLanes.MultiplyAdd(j, half, one);
            k = TLanes.MultiplyAdd(k, half, one);
            l = TLanes.MultiplyAdd(l, half, one);
        }

        return TLanes.First(a) + TLanes.First(b) + TLanes.First(c) + TLanes.First(d) + TLanes.First(e) + TLanes.First(f)
            + TLanes.First(g) + TLanes.First(h) + TLanes.First(i) + TLanes.First(j) + TLanes.First(k) + TLanes.First(l);
    }

    private readonly struct Lanes512 : ILanes<Vector512<float>>
    {
        public static int Count => Vector512<float>.Count;

        public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

        public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> sum) =>
            Avx512F.FusedMultiplyAdd(a, b, sum);

        public static float First(Vector512<float> value) => value.ToScalar();
    }

    private readonly struct Lanes256 : ILanes<Vector256<float>>
    {
        public static int Count => Vector256<float>.Count;

        public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

        public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> sum) =>
            Fma.MultiplyAdd(a, b, sum);

        public static float First(Vector256<float> value) => value.ToScalar();
    }

    private readonly struct Lanes128 : ILanes<Vector128<float>>
    {
        public static int Count => Vector128<float>.Count;

        public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

        public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> sum) =>
            Vector128.FusedMultiplyAdd(a, b, sum);

        public static float First(Vector128<float> value) => value.ToScalar();
    }

    private readonly struct Scalar : ILanes<float>
    {
        public static int Count => 1;

        public static float Broadcast(float value) => value;

        public static float MultiplyAdd(float a, float b, float sum) => MathF.FusedMultiplyAdd(a, b, sum);

        public static float First(float value) => value;
    }
}
