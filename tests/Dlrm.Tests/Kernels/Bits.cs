using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Tests.Kernels;

/// <summary>Floats for tests, and comparisons to the last bit.</summary>
internal static class Bits
{
    /// <summary>Lengths around every vector width.</summary>
    public static readonly int[] Lengths = [0, 1, 2, 15, 16, 17, 31, 33, 511];

    /// <summary>Values where rounding, signs and ranges are special.</summary>
    public static readonly float[] Specials =
    [
        0f, -0f, 1f, -1f, 0.5f, -0.5f, float.Epsilon, -float.Epsilon, 1.17549421e-38f, 1.17549435e-38f, 1e-30f, -1e-30f,
        16777216f, -16777215f, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
        0.99999994f, 1.0000001f, 0.6666667f, 0.6666666f, 1.3333334f, 1.3333333f, 88.72283f, 88.72284f, -87.33654f,
        -87.33655f, -103.97207f, -103.97208f, 17.328679f, 17.32868f, 16.635532f, -17.4f, 3.1415927f,
    ];

    /// <summary>The sets to compare, the portable one first.</summary>
    public static TheoryData<InstructionSet> Sets => [.. InstructionSets.Supported];

    /// <summary>Values of a few magnitudes, the same for the same seed.</summary>
    public static float[] Random(int length, int seed, float scale = 2f)
    {
        var random = new System.Random(seed);
        var values = new float[length];
        for (int i = 0; i < length; i++)
        {
            values[i] = (float)((random.NextDouble() - 0.5) * scale);
        }

        return values;
    }

    /// <summary>Fails unless each pair has the same bits; any NaN equals any other.</summary>
    public static void AssertSame(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            bool same = BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(actual[i])
                || (float.IsNaN(expected[i]) && float.IsNaN(actual[i]));
            Assert.True(same, $"element {i}: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }
}
