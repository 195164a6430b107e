using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Tests.Kernels;

public sealed class ElementwiseTests
{
    private static readonly Elementwise s_portable = Elementwise.For(InstructionSet.Portable);

    public static TheoryData<InstructionSet> Sets => Bits.Sets;

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_set_gives_the_bits_of_the_scalar(InstructionSet set)
    {
        Elementwise kernels = Elementwise.For(set);
        foreach (int length in Bits.Lengths)
        {
            // Unaligned on purpose.
            float[] x = [0, .. Mixed(length)];
            Compare(length, (k, y) => k.Exp(x.AsSpan(1), y));
            Compare(length, (k, y) => k.Log(x.AsSpan(1), y));
            Compare(length, (k, y) => k.Sigmoid(x.AsSpan(1), y));
            Compare(length, (k, y) => k.SigmoidBoth(x.AsSpan(1), new float[length], y));
            Compare(length, (k, y) => k.SigmoidBoth(x.AsSpan(1), y, new float[length]));
            Compare(length, (k, y) => k.ScaleAdd(-0.3f, x.AsSpan(1), y));
            Compare(length, (k, y) => k.ReluMask(x.AsSpan(1), y));
        }

        void Compare(int length, Action<Elementwise, float[]> run)
        {
            float[] expected = Bits.Random(length, length);
            float[] actual = [.. expected];
            run(s_portable, expected);
            run(kernels, actual);
            Bits.AssertSame(expected, actual);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Exp_is_within_one_ulp(InstructionSet set)
        => AssertAccuracy(Elementwise.For(set).Exp, Math.Exp, 1.0, -105, 90);

    [Theory]
    [MemberData(nameof(Sets))]
    public void Log_is_within_one_ulp(InstructionSet set)
        => AssertAccuracy(Elementwise.For(set).Log, Math.Log, 1.0, 1e-6f, 3);

    [Theory]
    [MemberData(nameof(Sets))]
    public void Sigmoid_is_within_two_ulp(InstructionSet set)
        => AssertAccuracy(Elementwise.For(set).Sigmoid, Sigmoid, 2.0, -105, 20);

    [Theory]
    [MemberData(nameof(Sets))]
    public void The_complement_of_the_sigmoid_is_within_two_ulp(InstructionSet set)
        => AssertAccuracy(
            (x, q) => Elementwise.For(set).SigmoidBoth(x, new float[x.Length], q), z => Sigmoid(-z), 2.0, -20, 105);

    [Theory]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(-104f, 0f)]
    [InlineData(-103.97209f, 0f)]
    [InlineData(0f, 1f)]
    [InlineData(float.Epsilon, 1f)]
    [InlineData(88.72284f, float.PositiveInfinity)]
    [InlineData(float.MaxValue, float.PositiveInfinity)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NaN, float.NaN)]
    public void Exp_is_right_at_the_ends(float x, float expected) => Assert.Equal(expected, One(s_portable.Exp, x));

    [Theory]
    [InlineData(0f, float.NegativeInfinity)]
    [InlineData(-1f, float.NaN)]
    [InlineData(float.NegativeInfinity, float.NaN)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(1f, 0f)]
    [InlineData(float.Epsilon, -103.27893f)]
    [InlineData(float.NaN, float.NaN)]
    public void Log_is_right_at_the_ends(float x, float expected) => Assert.Equal(expected, One(s_portable.Log, x));

    [Theory]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(float.MinValue, 0f)]
    [InlineData(0f, 0.5f)]
    [InlineData(float.MaxValue, 1f)]
    [InlineData(float.PositiveInfinity, 1f)]
    [InlineData(float.NaN, float.NaN)]
    public void Sigmoid_is_right_at_the_ends(float x, float expected) => Assert.Equal(expected, One(s_portable.Sigmoid, x));

    [Fact]
    public void Sigmoid_reaches_0_and_1_only_where_the_exact_value_rounds_there()
    {
        for (float x = 16f; x < 18f; x += 0.0005f)
        {
            Assert.Equal((float)Sigmoid(x) == 1f, One(s_portable.Sigmoid, x) == 1f);
        }

        for (float x = -105f; x < -103f; x += 0.0005f)
        {
            Assert.Equal((float)Sigmoid(x) == 0f, One(s_portable.Sigmoid, x) == 0f);
        }
    }

    [Fact]
    public void ReluMask_zeroes_where_the_activation_is_not_positive()
    {
        float[] gradient = [1, 2, 3, 4, 5];
        s_portable.ReluMask([0f, -0f, 1e-40f, -1f, float.NaN], gradient);
        Assert.Equal([0, 0, 3, 0, 0], gradient);
    }

    [Fact]
    public void Output_may_be_the_input()
    {
        float[] x = Bits.Random(37, 3);
        var expected = new float[37];
        Elementwise kernels = Elementwise.For(InstructionSets.Choose());
        kernels.Sigmoid(x, expected);
        kernels.Sigmoid(x, x);
        Bits.AssertSame(expected, x);
    }

    [Fact]
    public void Different_lengths_are_refused()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => s_portable.Exp(new float[3], new float[4]));
        Assert.Contains("3 elements in and 4 out", error.Message, StringComparison.Ordinal);
    }

    private static double Sigmoid(double z)
    {
        double e = Math.Exp(-Math.Abs(z));
        return z < 0 ? e / (1 + e) : 1 / (1 + e);
    }

    private static float One(UnaryKernel kernel, float x)
    {
        float[] y = [0];
        kernel([x], y);
        return y[0];
    }

    /// <summary>Specials, random bits and ordinary numbers.</summary>
    private static float[] Mixed(int length)
    {
        var random = new System.Random(length);
        var values = new float[length];
        for (int i = 0; i < length; i++)
        {
            values[i] = (i % 3) switch
            {
                0 => Bits.Specials[random.Next(Bits.Specials.Length)],
                1 => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
                _ => (float)((random.NextDouble() - 0.5) * 40),
            };
        }

        return values;
    }

    /// <summary>A dense sweep over [from, to], specials, and random bits of the whole range.</summary>
    private static void AssertAccuracy(UnaryKernel kernel, Func<double, double> exact, double bound, float from, float to)
    {
        const int Count = 1 << 17;
        var random = new System.Random(7);
        var x = new float[(2 * Count) + Bits.Specials.Length];
        Bits.Specials.CopyTo(x.AsSpan());
        for (int i = 0; i < Count; i++)
        {
            x[^(i + 1)] = from + ((to - from) * (i / (float)Count));
            x[^(Count + i + 1)] = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
        }

        var y = new float[x.Length];
        kernel(x, y);
        for (int i = 0; i < x.Length; i++)
        {
            double error = UnitsInTheLastPlace(exact(x[i]), y[i]);
            Assert.True(error <= bound, $"x = {x[i]:R}: got {y[i]:R}, {error} ulp from {exact(x[i]):R}");
        }
    }

    /// <summary>The distance from the exact value, in units of the spacing of floats there.</summary>
    private static double UnitsInTheLastPlace(double exact, float actual)
    {
        if (double.IsNaN(exact) || float.IsNaN(actual))
        {
            return double.IsNaN(exact) && float.IsNaN(actual) ? 0 : double.PositiveInfinity;
        }

        if (float.IsInfinity((float)exact) || float.IsInfinity(actual))
        {
            return (float)exact == actual ? 0 : double.PositiveInfinity;
        }

        int exponent = exact == 0 ? -149 : Math.Max(Math.ILogB(exact) - 23, -149);
        return Math.Abs(actual - exact) / Math.ScaleB(1, exponent);
    }

    private delegate void UnaryKernel(ReadOnlySpan<float> x, Span<float> y);
}
