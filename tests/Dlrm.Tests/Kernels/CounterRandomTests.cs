using System.Numerics;
using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Tests.Kernels;

public sealed unsafe class CounterRandomTests
{
    [Fact]
    public void Every_register_gives_the_bits_of_the_scalar()
    {
        CompareIfSupported<SimdScalar>(InstructionSet.Portable);
        CompareIfSupported<Simd128>(InstructionSet.Vector128);
        CompareIfSupported<Simd256>(InstructionSet.Avx2);
        CompareIfSupported<Simd512>(InstructionSet.Avx512);
    }

    [Fact]
    public void Bits_are_those_of_murmur3s_finaliser()
    {
        static uint Published(uint h)
        {
            h ^= h >> 16;
            h *= 0x85ebca6b;
            h ^= h >> 13;
            h *= 0xc2b2ae35;
            h ^= h >> 16;
            return h;
        }

        CounterKey key = CounterKey.Of(3, 4, 5);
        for (uint element = 0; element < 100; element++)
        {
            Assert.Equal(Published(Published(element ^ key.First) + key.Second), CounterRandom.Bits(key, element));
        }
    }

    [Fact]
    public void Each_bit_is_set_half_the_time()
    {
        const int Count = 1 << 16;
        for (int use = 0; use < 8; use++)
        {
            var set = new int[32];
            CounterKey key = CounterKey.Of(123, use, use % 3);
            for (uint element = 0; element < Count; element++)
            {
                for (uint bits = CounterRandom.Bits(key, element); bits != 0; bits &= bits - 1)
                {
                    set[BitOperations.TrailingZeroCount(bits)]++;
                }
            }

            // Standard deviation ½ √Count = 128; 5 of them.
            Assert.All(set, count => Assert.InRange(count, (Count / 2) - 640, (Count / 2) + 640));
        }
    }

    [Fact]
    public void The_upper_byte_is_uniform_along_elements_rows_steps_streams_and_seeds()
    {
        AssertUniform(i => CounterRandom.Bits(CounterKey.Of(123, 0, 0), (uint)i));
        AssertUniform(i => CounterRandom.Bits(CounterKey.Of(123, 0, 0).At(i), 0));
        AssertUniform(i => CounterRandom.Bits(CounterKey.Of(123, i, 0), 0));
        AssertUniform(i => CounterRandom.Bits(CounterKey.Of(123, 0, i), 0));
        AssertUniform(i => CounterRandom.Bits(CounterKey.Of(i, 0, 0), 0));
        AssertUniform(i => CounterRandom.Bits(CounterKey.Of(1, 2, 3).At(i / 16), (uint)(i % 16)) << 24);
    }

    [Fact]
    public void Flipping_a_bit_of_the_number_flips_each_bit_of_the_result_half_the_time()
    {
        const int Count = 4096;
        CounterKey key = CounterKey.Of(7, 8, 9);
        for (int flipped = 0; flipped < 32; flipped++)
        {
            var changed = new int[32];
            for (uint element = 0; element < Count; element++)
            {
                uint number = element * 2654435761;
                uint difference = CounterRandom.Bits(key, number) ^ CounterRandom.Bits(key, number ^ (1u << flipped));
                for (int bit = 0; bit < 32; bit++)
                {
                    changed[bit] += (int)(difference >> bit) & 1;
                }
            }

            // Standard deviation 32; 6 of them, for 1024 counts.
            Assert.All(changed, count => Assert.InRange(count, (Count / 2) - 192, (Count / 2) + 192));
        }
    }

    [Fact]
    public void Neighbouring_rows_and_steps_are_not_correlated()
    {
        const int Count = 1 << 15;
        double sum = 0;
        double across = 0;
        for (int i = 0; i < Count; i++)
        {
            double here = Unit(CounterKey.Of(1, i, 2).At(i), (uint)i);
            sum += here * Unit(CounterKey.Of(1, i, 2).At(i + 1), (uint)i);
            across += here * Unit(CounterKey.Of(1, i + 1, 2).At(i), (uint)i);
        }

        // Mean of the product of two uniform numbers in ±½: 0, standard deviation 1/12/√Count.
        double deviation = 1 / 12.0 / Math.Sqrt(Count);
        Assert.InRange(sum / Count, -5 * deviation, 5 * deviation);
        Assert.InRange(across / Count, -5 * deviation, 5 * deviation);
    }

    private static double Unit(CounterKey key, uint element) => (CounterRandom.Bits(key, element) / 4294967296.0) - 0.5;

    private static void AssertUniform(Func<int, uint> bits)
    {
        const int Count = 1 << 16;
        var seen = new int[256];
        for (int i = 0; i < Count; i++)
        {
            seen[bits(i) >> 24]++;
        }

        // χ² with 255 degrees of freedom: mean 255, standard deviation 22.6; six of them.
        double expected = Count / 256.0;
        double chi = seen.Sum(count => (count - expected) * (count - expected) / expected);
        Assert.InRange(chi, 255 - 136, 255 + 136);
    }

    private static void CompareIfSupported<TSimd>(InstructionSet set)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        if (!InstructionSets.IsSupported(set))
        {
            return;
        }

        CounterKey key = CounterKey.Of(-5, long.MaxValue, 17).At(1L << 40);
        TSimd first = TSimd.BroadcastBits((int)key.First);
        TSimd second = TSimd.BroadcastBits((int)key.Second);
        var lanes = new uint[TSimd.Lanes];
        foreach (uint start in new uint[] { 0, 1, 1000, int.MaxValue, uint.MaxValue - 20 })
        {
            fixed (uint* to = lanes)
            {
                TSimd.Store(CounterRandom.Bits(first, second, CounterRandom.Elements<TSimd>(start)), (float*)to);
            }

            for (int lane = 0; lane < lanes.Length; lane++)
            {
                Assert.Equal(CounterRandom.Bits(key, start + (uint)lane), lanes[lane]);
            }
        }
    }
}
