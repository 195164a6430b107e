using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Tests.Kernels;

public sealed unsafe class ActivationTests
{
    [Fact]
    public void Tanh_is_within_three_ulp_of_double_precision() => AssertUlp(Math.Tanh, Sample(10), 3, Apply<SimdScalar, Tanh>);

    [Fact]
    public void Erf_is_within_three_ulp_of_double_precision() => AssertUlp(Erf, Sample(4.2f), 3, Apply<SimdScalar, ErfMap>);

    [Fact]
    public void Gelu_is_x_times_the_normal_distribution_function()
    {
        float[] x = Sample(6);
        float[] y = Apply<SimdScalar, GeluActivationMap>(x);
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal(x[i] * 0.5 * (1 + Erf(x[i] / Math.Sqrt(2))), y[i], 3e-7 * Math.Max(1, Math.Abs(x[i])));
        }
    }

    [Fact]
    public void Slopes_are_central_differences()
    {
        AssertSlope<GeluActivation>(x => x * 0.5 * (1 + Erf(x / Math.Sqrt(2))));
        AssertSlope<SiluActivation>(x => x / (1 + Math.Exp(-x)));
        AssertSlope<TanhActivation>(Math.Tanh);
        AssertSlope<NoActivation>(x => x);
        AssertSlope<ReluActivation>(x => Math.Max(x, 0));
    }

    [Fact]
    public void Every_register_gives_the_bits_of_the_scalar()
    {
        CompareIfSupported<Simd128>(InstructionSet.Vector128);
        CompareIfSupported<Simd256>(InstructionSet.Avx2);
        CompareIfSupported<Simd512>(InstructionSet.Avx512);
    }

    [Fact]
    public void Infinities_and_NaN_are_what_they_should_be()
    {
        float[] x = [float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0f, -0f, 1e-40f];
        Assert.Equal([1f, -1f, float.NaN, 0f, -0f, 1e-40f], Apply<SimdScalar, Tanh>(x));
        float[] erf = Apply<SimdScalar, ErfMap>(x);
        Assert.Equal([1f, -1f, float.NaN, 0f, -0f], erf[..5]);
        Assert.True(float.IsNaN(ReluOf(float.NaN)) && ReluOf(-1) == 0 && ReluOf(2) == 2);
    }

    private static float ReluOf(float value) => Apply<SimdScalar, ReluMap>([value])[0];

    private static float[] Sample(float bound)
    {
        var values = new List<float>();
        for (float x = 1e-6f; x < bound; x *= 1.0007f)
        {
            values.AddRange([x, -x]);
        }

        return [.. values, 0.59999996f, 0.6f, 0.60000005f, 0.94999993f, 0.95f, 0.95000005f];
    }

    private static void AssertUlp(Func<double, double> exact, float[] x, double most, Func<float[], float[]> apply)
    {
        float[] y = apply(x);
        for (int i = 0; i < x.Length; i++)
        {
            double expected = exact(x[i]);
            double ulp = MathF.BitIncrement(Math.Abs((float)expected)) - Math.Abs((float)expected);
            Assert.True(Math.Abs(y[i] - expected) <= most * ulp, $"f({x[i]}) = {y[i]}, {Math.Abs(y[i] - expected) / ulp} ulp from {expected}.");
        }
    }

    private static void AssertSlope<TActivation>(Func<double, double> f)
        where TActivation : IActivation
    {
        const double Step = 1e-5;
        for (float x = -5.03f; x < 5; x += 0.171f)
        {
            SimdScalar slope = TActivation.Slope(SimdScalar.Broadcast(x));
            float value = 0;
            SimdScalar.Store(slope, &value);
            Assert.Equal((f(x + Step) - f(x - Step)) / (2 * Step), value, 2e-6);
        }
    }

    /// <summary>The Taylor series where it converges fast, else Lentz's continued fraction of erfc.</summary>
    private static double Erf(double x)
    {
        double t = Math.Abs(x);
        if (t < 2.5)
        {
            double term = t;
            double sum = t;
            for (int n = 1; n < 80; n++)
            {
                term *= -t * t / n;
                sum += term / ((2 * n) + 1);
            }

            return Math.Sign(x) * sum * 2 / Math.Sqrt(Math.PI);
        }

        double fraction = t;
        for (int k = 60; k > 0; k--)
        {
            fraction = t + (k / 2.0 / fraction);
        }

        return Math.Sign(x) * (1 - (Math.Exp(-t * t) / fraction / Math.Sqrt(Math.PI)));
    }

    private static void CompareIfSupported<TSimd>(InstructionSet set)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        if (!InstructionSets.IsSupported(set))
        {
            return;
        }

        float[] x = [.. Bits.Specials, .. Bits.Random(160, 1, 5f), .. Sample(5)];
        x = x[..(x.Length / 16 * 16)];
        Bits.AssertSame(Apply<SimdScalar, Tanh>(x), Apply<TSimd, Tanh>(x));
        Bits.AssertSame(Apply<SimdScalar, ErfMap>(x), Apply<TSimd, ErfMap>(x));
        Bits.AssertSame(Apply<SimdScalar, GeluActivationMap>(x), Apply<TSimd, GeluActivationMap>(x));
        Bits.AssertSame(Apply<SimdScalar, GeluSlopeMap>(x), Apply<TSimd, GeluSlopeMap>(x));
        Bits.AssertSame(Apply<SimdScalar, SiluMap>(x), Apply<TSimd, SiluMap>(x));
        Bits.AssertSame(Apply<SimdScalar, ReluMap>(x), Apply<TSimd, ReluMap>(x));
    }

    private static float[] Apply<TSimd, TMap>(float[] x)
        where TSimd : unmanaged, ISimd<TSimd>
        where TMap : IMap
    {
        var y = new float[x.Length];
        fixed (float* from = x, to = y)
        {
            for (int i = 0; i < x.Length; i += TSimd.Lanes)
            {
                TSimd.Store(TMap.Of(TSimd.Load(from + i)), to + i);
            }
        }

        return y;
    }

    private interface IMap
    {
        static abstract T Of<T>(T x)
            where T : unmanaged, ISimd<T>;
    }

    private readonly struct Tanh : IMap
    {
        public static T Of<T>(T x)
            where T : unmanaged, ISimd<T> => ActivationFunctions.Tanh(x);
    }

    private readonly struct ErfMap : IMap
    {
        public static T Of<T>(T x)
            where T : unmanaged, ISimd<T> => ActivationFunctions.Erf(x);
    }

    private readonly struct GeluActivationMap : IMap
    {
        public static T Of<T>(T x)
            where T : unmanaged, ISimd<T> => GeluActivation.Value(x);
    }

    private readonly struct GeluSlopeMap : IMap
    {
        public static T Of<T>(T x)
            where T : unmanaged, ISimd<T> => GeluActivation.Slope(x);
    }

    private readonly struct SiluMap : IMap
    {
        public static T Of<T>(T x)
            where T : unmanaged, ISimd<T> => SiluActivation.Value(x);
    }

    private readonly struct ReluMap : IMap
    {
        public static T Of<T>(T x)
            where T : unmanaged, ISimd<T> => ReluActivation.Value(x);
    }
}
