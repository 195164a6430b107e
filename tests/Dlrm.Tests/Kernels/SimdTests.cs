using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Tests.Kernels;

public sealed unsafe class SimdTests
{
    [Fact]
    public void Vector128_lanes_equal_the_scalar() => CompareIfSupported<Simd128>(InstructionSet.Vector128);

    [Fact]
    public void Vector256_lanes_equal_the_scalar() => CompareIfSupported<Simd256>(InstructionSet.Avx2);

    [Fact]
    public void Vector512_lanes_equal_the_scalar() => CompareIfSupported<Simd512>(InstructionSet.Avx512);

    [Fact]
    public void Vector128_transposes_a_block() => TransposeIfSupported<Simd128>(InstructionSet.Vector128);

    [Fact]
    public void Vector256_transposes_a_block() => TransposeIfSupported<Simd256>(InstructionSet.Avx2);

    [Fact]
    public void Vector512_transposes_a_block() => TransposeIfSupported<Simd512>(InstructionSet.Avx512);

    private static void CompareIfSupported<TSimd>(InstructionSet set)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        Assert.SkipUnless(InstructionSets.IsSupported(set), $"no {set} here");
        float[] specials = Bits.Specials;
        float[] values = [.. specials, .. Bits.Random(64, 1, 100f)];
        for (int shift = 0; shift < values.Length; shift++)
        {
            float[] other = [.. values[shift..], .. values[..shift]];
            float[] third = [.. values[(shift / 2)..], .. values[..(shift / 2)]];
            Bits.AssertSame(Results<SimdScalar>(values, other, third), Results<TSimd>(values, other, third));
        }
    }

    /// <summary>Every operation on every triple, one after the other.</summary>
    private static float[] Results<TSimd>(float[] a, float[] b, float[] c)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        const int Operations = 23;
        int lanes = TSimd.Lanes;
        int count = a.Length / 16 * 16;
        var results = new float[Operations * count];
        fixed (float* pa = a, pb = b, pc = c, output = results)
        {
            for (int i = 0; i < count; i += lanes)
            {
                TSimd x = TSimd.Load(pa + i);
                TSimd y = TSimd.Load(pb + i);
                TSimd z = TSimd.Load(pc + i);
                ReadOnlySpan<TSimd> all =
                [
                    x + y, x - y, x * y, x / y, x & y, x | y, x ^ y, TSimd.Fma(x, y, z), TSimd.Sqrt(x), TSimd.Max(x, y),
                    TSimd.Min(x, y), TSimd.GreaterThan(x, y), TSimd.LessThan(x, y), TSimd.EqualTo(x, y),
                    TSimd.Select(TSimd.LessThan(x, y), y, z), TSimd.AddBits(x, y), TSimd.SubtractBits(x, y),
                    TSimd.ShiftLeftBits(x, 23), TSimd.ShiftRightBits(x, 23), TSimd.ConvertBits(x),
                    TSimd.ShiftRightLogicalBits(x, 13), TSimd.MultiplyBits(x, y),
                    TSimd.Broadcast(1.5f) + TSimd.BroadcastBits(0x3F800000) + TSimd.Zero,
                ];
                Assert.Equal(Operations, all.Length);
                for (int operation = 0; operation < Operations; operation++)
                {
                    TSimd.Store(all[operation], output + (operation * count) + i);
                }
            }
        }

        return results;
    }

    private static void TransposeIfSupported<TSimd>(InstructionSet set)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        Assert.SkipUnless(InstructionSets.IsSupported(set), $"no {set} here");
        int lanes = TSimd.Lanes;
        const int From = 21;
        const int To = 19;
        float[] source = Bits.Random(lanes * From, 2);
        var expected = new float[lanes * To];
        var actual = new float[lanes * To];
        for (int row = 0; row < lanes; row++)
        {
            for (int column = 0; column < lanes; column++)
            {
                expected[(column * To) + row] = source[(row * From) + column];
            }
        }

        fixed (float* from = source, to = actual)
        {
            TSimd.Transpose(from, From, to, To);
        }

        Bits.AssertSame(expected, actual);
    }
}
