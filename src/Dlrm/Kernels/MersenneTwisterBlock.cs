using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Dlrm.Kernels;

/// <summary>
/// MT19937 (Matsumoto and Nishimura 1998) a block of 624 words at a time, and the draws that numpy makes of its words.
/// </summary>
/// <remarks>
/// Integer arithmetic and exact conversions alone: cross-platform vectors give the same bits on every machine, so there
/// is one version and no choice of instruction set.
/// </remarks>
internal static class MersenneTwisterBlock
{
    /// <summary>Words of state, and of output a block.</summary>
    public const int Words = 624;

    private const int Shift = 397;
    private const uint Matrix = 0x9908B0DF;
    private const uint UpperMask = 0x80000000;
    private const uint LowerMask = 0x7FFFFFFF;
    private const double Unit = 1.0 / (1L << 53);

    /// <summary>Advances the state by one block, in place: key[i] ← key[i + 397] ⊕ twist(key[i], key[i + 1]), indices modulo 624.</summary>
    /// <param name="key">The state, (624).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Advance(Span<uint> key)
    {
        ref uint words = ref MemoryMarshal.GetReference(key[..Words]);
        int i = 0;

        // Words ahead of i still belong to the old block; those at i + 397 up to 226, at i − 227 from then on.
        for (; i <= Words - Shift - Vector256<uint>.Count; i += Vector256<uint>.Count)
        {
            TwistVector(ref words, i, i + Shift);
        }

        for (; i < Words - Shift; i++)
        {
            key[i] = key[i + Shift] ^ Twist(key[i], key[i + 1]);
        }

        for (; i < Words - Vector256<uint>.Count; i += Vector256<uint>.Count)
        {
            TwistVector(ref words, i, i + Shift - Words);
        }

        for (; i < Words - 1; i++)
        {
            key[i] = key[i + Shift - Words] ^ Twist(key[i], key[i + 1]);
        }

        key[Words - 1] = key[Shift - 1] ^ Twist(key[Words - 1], key[0]);
    }

    /// <summary>Tempers a state into the block's output.</summary>
    /// <param name="key">The state, (624).</param>
    /// <param name="output">The output, (624).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Temper(ReadOnlySpan<uint> key, Span<uint> output)
    {
        ref uint from = ref MemoryMarshal.GetReference(key[..Words]);
        ref uint to = ref MemoryMarshal.GetReference(output[..Words]);

        // 624 is 78 vectors of 8: there is no tail.
        for (nuint i = 0; i < Words; i += (nuint)Vector256<uint>.Count)
        {
            Vector256<uint> y = Vector256.LoadUnsafe(ref from, i);
            y ^= y >>> 11;
            y ^= (y << 7) & Vector256.Create(0x9D2C5680u);
            y ^= (y << 15) & Vector256.Create(0xEFC60000u);
            y ^= y >>> 18;
            y.StoreUnsafe(ref to, i);
        }
    }

    /// <summary>numpy's double in [0, 1) of two consecutive words: 27 bits of the first, 26 of the second.</summary>
    /// <param name="first">The word drawn first.</param>
    /// <param name="second">The word drawn second.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double ToDouble(uint first, uint second)
        => (((ulong)(first >> 5) << 26) | (second >> 6)) * Unit;

    /// <summary>values[i] ← low + range · u, u of words 2i and 2i + 1; in double, one rounding each.</summary>
    /// <param name="words">(2n).</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="range">Upper less lower bound.</param>
    /// <param name="values">(n).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToUniform(ReadOnlySpan<uint> words, double low, double range, Span<double> values)
    {
        ref uint from = ref MemoryMarshal.GetReference(words[..(2 * values.Length)]);
        ref double to = ref MemoryMarshal.GetReference(values);
        int i = 0;
        for (; i <= values.Length - Vector256<double>.Count; i += Vector256<double>.Count)
        {
            UniformVector(ref from, i, low, range).StoreUnsafe(ref to, (nuint)i);
        }

        for (; i < values.Length; i++)
        {
            values[i] = low + (range * ToDouble(words[2 * i], words[(2 * i) + 1]));
        }
    }

    /// <summary>As the other overload, then rounded to single precision.</summary>
    /// <param name="words">(2n).</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="range">Upper less lower bound.</param>
    /// <param name="values">(n).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToUniform(ReadOnlySpan<uint> words, double low, double range, Span<float> values)
    {
        ref uint from = ref MemoryMarshal.GetReference(words[..(2 * values.Length)]);
        ref float to = ref MemoryMarshal.GetReference(values);
        int i = 0;
        for (; i <= values.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<double> lower = UniformVector(ref from, i, low, range);
            Vector256<double> upper = UniformVector(ref from, i + Vector256<double>.Count, low, range);
            Vector256.Narrow(lower, upper).StoreUnsafe(ref to, (nuint)i);
        }

        for (; i < values.Length; i++)
        {
            values[i] = (float)(low + (range * ToDouble(words[2 * i], words[(2 * i) + 1])));
        }
    }

    /// <summary>Four uniform draws from the pairs of words that begin at pair <paramref name="pair"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> UniformVector(ref uint words, int pair, double low, double range)
    {
        // A lane of 64 bits holds the first word in its lower half (every platform of .NET is little-endian).
        Vector256<ulong> pairs = Vector256.LoadUnsafe(ref words, (nuint)(2 * pair)).AsUInt64();
        Vector256<ulong> bits = (((pairs & Vector256.Create(0xFFFFFFFFul)) >>> 5) << 26) | (pairs >>> 38);
        Vector256<double> unit = Vector256.ConvertToDouble(bits) * Vector256.Create(Unit);
        return Vector256.Create(low) + (Vector256.Create(range) * unit);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TwistVector(ref uint words, int i, int shifted)
    {
        Vector256<uint> next = Vector256.LoadUnsafe(ref words, (nuint)(i + 1));
        Vector256<uint> mixed = (Vector256.LoadUnsafe(ref words, (nuint)i) & Vector256.Create(UpperMask))
            | (next & Vector256.Create(LowerMask));
        Vector256<uint> odd = (Vector256<uint>.Zero - (next & Vector256<uint>.One)) & Vector256.Create(Matrix);
        (Vector256.LoadUnsafe(ref words, (nuint)shifted) ^ (mixed >>> 1) ^ odd).StoreUnsafe(ref words, (nuint)i);
    }

    private static uint Twist(uint word, uint next)
        => (((word & UpperMask) | (next & LowerMask)) >> 1) ^ ((0 - (next & 1)) & Matrix);
}
