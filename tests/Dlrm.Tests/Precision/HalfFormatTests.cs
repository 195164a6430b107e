using Dlrm.Kernels;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Tests.Precision;

public sealed unsafe class HalfFormatTests
{
    private static readonly float[] s_values =
    [
        0f, -0f, 1f, -1.5f, 1.0001f, -3.14159f, 1e-3f, 6.1e-5f, 6.0e-5f, -3e-5f, 1e-6f, 3e-8f, 1e-9f, 65504f, 65519f, 7e4f, -1e6f,
        1e38f, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, 1e-40f, 0.33333334f, 12345.67f, 5.9604645e-8f,
    ];

    [Fact]
    public void Every_half_is_decoded_as_NET_decodes_it()
    {
        ushort* words = stackalloc ushort[16];
        float* single = stackalloc float[16];
        float* brain = stackalloc float[16];
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            for (int bits = 0; bits <= ushort.MaxValue; bits += 16)
            {
                for (int lane = 0; lane < 16; lane++)
                {
                    words[lane] = (ushort)(bits + lane);
                }

                Decode(set, words, single, brain);
                for (int lane = 0; lane < 16; lane++)
                {
                    float expected = (float)BitConverter.UInt16BitsToHalf(words[lane]);
                    Assert.True(single[lane].Equals(expected), $"{set} {words[lane]:x4}: {single[lane]}, expected {expected}");
                    Assert.Equal(words[lane] << 16, BitConverter.SingleToInt32Bits(brain[lane]));
                }
            }
        }
    }

    [Fact]
    public void Rounding_gives_the_same_bits_on_every_instruction_set()
    {
        int[] random = [.. Enumerable.Range(0, s_values.Length).Select(i => unchecked((int)CounterRandom.Bits(CounterKey.Of(1, 2, 3), (uint)i)))];
        ushort[] half = Round(InstructionSet.Portable, s_values, random, brain: false);
        ushort[] brain = Round(InstructionSet.Portable, s_values, random, brain: true);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            Assert.Equal(half, Round(set, s_values, random, brain: false));
            Assert.Equal(brain, Round(set, s_values, random, brain: true));
        }
    }

    /// <summary>With every value of the bits that chance decides on once, the mean is the value: nothing is left to luck.</summary>
    [Fact]
    public void Rounding_is_unbiased()
    {
        float[] values = [1.0001f, -3.14159f, 1e-3f, -7.7e-5f, 0.33333334f, 12345.67f, 65503f];
        foreach (float value in values)
        {
            Assert.Equal(0, (Mean(value, 13, brain: false) - value) / value, 1e-12);
            Assert.Equal(0, (Mean(value, 16, brain: true) - value) / value, 1e-12);
        }

        // Below the normal halves: within the 2⁻³⁸ that their rounding to multiples of 2⁻³⁷ may cost.
        foreach (float value in (float[])[3e-5f, -1e-6f, 3e-8f, 1e-9f, -6.0975e-5f])
        {
            Assert.Equal(value, Mean(value, 13, brain: false), Math.Pow(2, -38));
        }
    }

    [Fact]
    public void What_a_format_has_stays_and_what_it_lacks_becomes_a_neighbour()
    {
        int[] bits = [0, 1, 0x7FFFFFFF, -1];
        for (int half = 0; half < 0x7C00; half += 37)
        {
            float value = (float)BitConverter.UInt16BitsToHalf((ushort)half);
            foreach (int random in bits)
            {
                Assert.Equal(half, Round(InstructionSet.Portable, [value], [random], brain: false)[0]);
            }
        }

        foreach (int random in bits)
        {
            Assert.Equal(0x7BFF, Round(InstructionSet.Portable, [1e6f], [random], brain: false)[0]);
            Assert.Equal(0x7C00, Round(InstructionSet.Portable, [float.PositiveInfinity], [random], brain: false)[0]);
            Assert.Equal(0x7F7F, Round(InstructionSet.Portable, [float.MaxValue], [random], brain: true)[0]);
            Assert.Equal(0x7F80, Round(InstructionSet.Portable, [float.PositiveInfinity], [random], brain: true)[0]);
            Assert.True(Half.IsNaN(BitConverter.UInt16BitsToHalf(Round(InstructionSet.Portable, [float.NaN], [random], brain: false)[0])));
            Assert.Equal(0x7F80, Round(InstructionSet.Portable, [float.NaN], [random], brain: true)[0] & 0x7F80);
        }
    }

    [Fact]
    public void Nearest_is_the_nearest()
    {
        foreach (float value in s_values)
        {
            float clamped = float.IsFinite(value) ? Math.Clamp(value, -65504, 65504) : value;
            Assert.Equal(BitConverter.HalfToUInt16Bits((Half)clamped), Float16Format.Nearest(value));
        }

        Assert.Equal(0x3F80, BFloat16Format.Nearest(1.003f)); // between 1 and 1 + 2⁻⁷
        Assert.Equal(0x3F81, BFloat16Format.Nearest(1.005f));
        Assert.Equal(0x3F80, BFloat16Format.Nearest(1 + (1 / 256f))); // halfway: even
        Assert.Equal(0x3F82, BFloat16Format.Nearest(1 + (3 / 256f)));
    }

    private static double Mean(float value, int bits, bool brain)
    {
        double sum = 0;
        int count = 1 << bits;
        for (int random = 0; random < count; random++)
        {
            ushort rounded = Round(InstructionSet.Portable, [value], [random], brain)[0];
            sum += brain ? BitConverter.Int32BitsToSingle(rounded << 16) : (double)BitConverter.UInt16BitsToHalf(rounded);
        }

        return sum / count;
    }

    private static void Decode(InstructionSet set, ushort* words, float* single, float* brain)
    {
        switch (set)
        {
            case InstructionSet.Portable:
                Decode<SimdScalar>(words, single, brain);
                break;
            case InstructionSet.Vector128:
                Decode<Simd128>(words, single, brain);
                break;
            case InstructionSet.Avx2:
                Decode<Simd256>(words, single, brain);
                break;
            default:
                Decode<Simd512>(words, single, brain);
                break;
        }
    }

    private static void Decode<TSimd>(ushort* words, float* single, float* brain)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        for (int lane = 0; lane < 16; lane += TSimd.Lanes)
        {
            TSimd loaded = WideningLoads.Words<TSimd>(words + lane);
            TSimd.Store(Float16Format.Decode(loaded), single + lane);
            TSimd.Store(BFloat16Format.Decode(loaded), brain + lane);
        }
    }

    private static ushort[] Round(InstructionSet set, float[] values, int[] random, bool brain) => set switch
    {
        InstructionSet.Portable => Round<SimdScalar>(values, random, brain),
        InstructionSet.Vector128 => Round<Simd128>(values, random, brain),
        InstructionSet.Avx2 => Round<Simd256>(values, random, brain),
        _ => Round<Simd512>(values, random, brain),
    };

    private static ushort[] Round<TSimd>(float[] values, int[] random, bool brain)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        int padded = (values.Length + 15) / 16 * 16;
        using var single = new NativeBuffer<float>(padded);
        using var bits = new NativeBuffer<int>(padded);
        using var words = new NativeBuffer<ushort>(padded);
        values.CopyTo(single.Span);
        random.CopyTo(bits.Span);
        for (int i = 0; i < values.Length; i += TSimd.Lanes)
        {
            TSimd value = TSimd.Load(single.Data + i);
            TSimd chance = TSimd.Load((float*)bits.Data + i);
            WideningLoads.StoreWords(brain ? BFloat16Format.Round(value, chance) : Float16Format.Round(value, chance), words.Data + i);
        }

        return words.Slice(0, values.Length).ToArray();
    }
}
