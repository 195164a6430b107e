using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>A float format of 16 bits: to single precision, which is exact, and back by stochastic rounding.</summary>
internal interface IHalfFormat
{
    /// <summary>The floats that 16 bits stand for.</summary>
    /// <typeparam name="TSimd">The register.</typeparam>
    /// <param name="words">The bits, in the lower half of each lane.</param>
    static abstract TSimd Decode<TSimd>(TSimd words)
        where TSimd : unmanaged, ISimd<TSimd>;

    /// <summary>
    /// One of the two neighbours of each value, the nearer the likelier: with uniform bits the mean is the value. A value
    /// that the format has stays; beyond its largest it becomes the largest; infinities and NaN stay what they are.
    /// </summary>
    /// <typeparam name="TSimd">The register.</typeparam>
    /// <param name="value">Floats.</param>
    /// <param name="random">32 random bits a lane.</param>
    /// <returns>The bits, in the lower half of each lane.</returns>
    static abstract TSimd Round<TSimd>(TSimd value, TSimd random)
        where TSimd : unmanaged, ISimd<TSimd>;

    /// <summary>The neighbour nearest to a value, of two equally near the even one; otherwise as <see cref="Round"/>.</summary>
    /// <param name="value">A float.</param>
    static abstract ushort Nearest(float value);
}

/// <summary>The upper half of a single. The 16 lower bits are what chance decides on, all of them.</summary>
internal readonly struct BFloat16Format : IHalfFormat
{
    private const int Infinity = 0x7F800000;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Decode<TSimd>(TSimd words)
        where TSimd : unmanaged, ISimd<TSimd>
        => TSimd.ShiftLeftBits(words, 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Round<TSimd>(TSimd value, TSimd random)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd sign = value & TSimd.BroadcastBits(int.MinValue);
        TSimd magnitude = value ^ sign;
        TSimd rounded = TSimd.AddBits(magnitude, random & TSimd.BroadcastBits(0xFFFF));
        rounded = TSimd.Select(HalfMasks.Above(rounded, Infinity - 1), TSimd.BroadcastBits(Infinity - 1), rounded);
        TSimd quiet = HalfMasks.Above(magnitude, Infinity) & TSimd.BroadcastBits(0x00400000);
        rounded = TSimd.Select(HalfMasks.Above(magnitude, Infinity - 1), magnitude | quiet, rounded);
        return TSimd.ShiftRightLogicalBits(rounded | sign, 16);
    }

    public static ushort Nearest(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        uint sign = bits & 0x80000000;
        uint magnitude = bits ^ sign;
        uint rounded = magnitude >= Infinity
            ? magnitude | (magnitude > Infinity ? 0x00400000u : 0)
            : Math.Min(magnitude + 0x7FFF + ((magnitude >> 16) & 1), Infinity - 1);
        return (ushort)((rounded | sign) >> 16);
    }
}

/// <summary>
/// IEEE half precision. In its normal range the 13 lower bits of the single are what chance decides on, all of them;
/// below 2⁻¹⁴, where its steps are 2⁻²⁴, chance decides on multiples of 2⁻³⁷, to which the value is rounded first.
/// </summary>
internal readonly struct Float16Format : IHalfFormat
{
    private const int Rebias = 112 << 23; // between the exponents of half and single
    private const int LeastNormal = 113 << 23; // 2⁻¹⁴, as bits of a single
    private const int Overflow = 143 << 23; // 2¹⁶
    private const int Infinity = 0x7F800000;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Decode<TSimd>(TSimd words)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        // The sign to its place, exponent and fraction below the three bits that the single's exponent has more.
        TSimd spread = TSimd.ShiftRightBits(TSimd.ShiftLeftBits(words, 16), 3) & TSimd.BroadcastBits(unchecked((int)0x8FFFE000));
        TSimd magnitude = spread & TSimd.BroadcastBits(0x0FFFE000);
        TSimd sign = spread ^ magnitude;

        // Below 2⁻¹⁴ there is no leading one: it is put in front, and taken away as a number.
        TSimd isSmall = TSimd.ShiftRightBits(TSimd.SubtractBits(magnitude, TSimd.BroadcastBits(1 << 23)), 31);
        TSimd front = isSmall & TSimd.BroadcastBits(LeastNormal);
        TSimd rebias = TSimd.SubtractBits(TSimd.BroadcastBits(Rebias), TSimd.ShiftLeftBits(isSmall, 23));
        TSimd value = TSimd.AddBits(magnitude, rebias) - front;

        // Infinity and NaN have the largest exponent in either format.
        TSimd isSpecial = HalfMasks.Above(magnitude, (31 << 23) - 1);
        return (value | sign) | (isSpecial & TSimd.BroadcastBits(Infinity));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Round<TSimd>(TSimd value, TSimd random)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd sign = value & TSimd.BroadcastBits(int.MinValue);
        TSimd magnitude = value ^ sign;
        TSimd isNormal = HalfMasks.Above(magnitude, LeastNormal - 1);
        TSimd shifted = TSimd.Select(isNormal, magnitude, magnitude + TSimd.BroadcastBits(LeastNormal));
        TSimd offset = TSimd.Select(isNormal, TSimd.BroadcastBits(Rebias), TSimd.BroadcastBits(LeastNormal));
        shifted = TSimd.AddBits(shifted, random & TSimd.BroadcastBits(0x1FFF));
        TSimd rounded = TSimd.ShiftRightLogicalBits(TSimd.SubtractBits(shifted, offset), 13);
        rounded = TSimd.Select(HalfMasks.Above(shifted, Overflow - 1), TSimd.BroadcastBits(0x7BFF), rounded);
        TSimd special = TSimd.BroadcastBits(0x7C00) | (HalfMasks.Above(magnitude, Infinity) & TSimd.BroadcastBits(0x200));
        rounded = TSimd.Select(HalfMasks.Above(magnitude, Infinity - 1), special, rounded);
        return rounded | TSimd.ShiftRightLogicalBits(sign, 16);
    }

    public static ushort Nearest(float value)
    {
        const float Largest = 65504;
        return BitConverter.HalfToUInt16Bits((Half)(float.IsFinite(value) ? Math.Clamp(value, -Largest, Largest) : value));
    }
}

/// <summary>Comparisons of a lane's int32, which registers offer for floats alone.</summary>
internal static class HalfMasks
{
    /// <summary>All bits where bits &gt; limit. Both are 0 or more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Above<TSimd>(TSimd bits, int limit)
        where TSimd : unmanaged, ISimd<TSimd>
        => TSimd.ShiftRightBits(TSimd.SubtractBits(TSimd.BroadcastBits(limit), bits), 31);
}
