using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>The kernels of <see cref="Elementwise"/>, for any register.</summary>
internal sealed unsafe class Elementwise<TSimd> : Elementwise
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <summary>One output from one input.</summary>
    private interface IMap
    {
        static abstract T Apply<T>(T x)
            where T : unmanaged, ISimd<T>;
    }

    public override void Exp(ReadOnlySpan<float> x, Span<float> y) => Map<ExpMap>(x, y);

    public override void Log(ReadOnlySpan<float> x, Span<float> y) => Map<LogMap>(x, y);

    public override void Sigmoid(ReadOnlySpan<float> x, Span<float> y) => Map<SigmoidMap>(x, y);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void SigmoidBoth(ReadOnlySpan<float> x, Span<float> p, Span<float> q)
    {
        RequireEqual(x.Length, p.Length);
        RequireEqual(x.Length, q.Length);
        fixed (float* from = x)
        fixed (float* first = p)
        fixed (float* second = q)
        {
            int i = 0;
            for (; i <= x.Length - TSimd.Lanes; i += TSimd.Lanes)
            {
                (TSimd positive, TSimd negative) = ElementwiseFunctions.Sigmoid(TSimd.Load(from + i));
                TSimd.Store(positive, first + i);
                TSimd.Store(negative, second + i);
            }

            for (; i < x.Length; i++)
            {
                (SimdScalar positive, SimdScalar negative) = ElementwiseFunctions.Sigmoid(SimdScalar.Load(from + i));
                SimdScalar.Store(positive, first + i);
                SimdScalar.Store(negative, second + i);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ScaleAdd(float a, ReadOnlySpan<float> x, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        fixed (float* from = x)
        fixed (float* to = y)
        {
            int i = 0;
            TSimd factor = TSimd.Broadcast(a);
            for (; i <= x.Length - TSimd.Lanes; i += TSimd.Lanes)
            {
                TSimd.Store(TSimd.Fma(factor, TSimd.Load(from + i), TSimd.Load(to + i)), to + i);
            }

            for (; i < x.Length; i++)
            {
                to[i] = MathF.FusedMultiplyAdd(a, from[i], to[i]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ReluMask(ReadOnlySpan<float> activation, Span<float> gradient)
    {
        RequireEqual(activation.Length, gradient.Length);
        fixed (float* from = activation)
        fixed (float* to = gradient)
        {
            int i = 0;
            for (; i <= activation.Length - TSimd.Lanes; i += TSimd.Lanes)
            {
                TSimd.Store(TSimd.GreaterThan(TSimd.Load(from + i), TSimd.Zero) & TSimd.Load(to + i), to + i);
            }

            for (; i < activation.Length; i++)
            {
                to[i] = from[i] > 0 ? to[i] : 0;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Map<TMap>(ReadOnlySpan<float> x, Span<float> y)
        where TMap : struct, IMap
    {
        RequireEqual(x.Length, y.Length);
        fixed (float* from = x)
        fixed (float* to = y)
        {
            int i = 0;
            for (; i <= x.Length - TSimd.Lanes; i += TSimd.Lanes)
            {
                TSimd.Store(TMap.Apply(TSimd.Load(from + i)), to + i);
            }

            for (; i < x.Length; i++)
            {
                SimdScalar.Store(TMap.Apply(SimdScalar.Load(from + i)), to + i);
            }
        }
    }

    private static void RequireEqual(int input, int output)
    {
        if (input != output)
        {
            throw new ArgumentException($"An elementwise kernel got {input} elements in and {output} out; they must be equal.");
        }
    }

    private readonly struct ExpMap : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T x)
            where T : unmanaged, ISimd<T>
            => ElementwiseFunctions.Exp(x);
    }

    private readonly struct LogMap : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T x)
            where T : unmanaged, ISimd<T>
            => ElementwiseFunctions.Log(x);
    }

    private readonly struct SigmoidMap : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T x)
            where T : unmanaged, ISimd<T>
            => ElementwiseFunctions.Sigmoid(x).Positive;
    }
}
