using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dlrm.Kernels;

/// <summary>Random bits that are a function of a key and an element's number, so nobody need draw them in order.</summary>
/// <remarks>
/// <para>
/// <c>bits(key, i) = mix(mix(i ^ key.First) + key.Second)</c> with the 32-bit finaliser of MurmurHash3 (Appleby, public
/// domain) as mix; all in 32-bit integers, so every instruction set and any division of the work give the same bits,
/// and a run that resumes draws what it would have drawn. For one key the numbers of different elements differ.
/// </para>
/// <para>
/// Keys come from <see cref="CounterKey.Of"/>(seed, step, stream), and <see cref="CounterKey.At"/>(row) where elements
/// stand in rows. A float in [0, 1) is the upper 24 bits · 2^−24; to round a value to fewer bits at random, add the
/// lower bits below the last one kept, then cut off.
/// </para>
/// </remarks>
internal static unsafe class CounterRandom
{
    private const int First = unchecked((int)0x85EBCA6B);
    private const int Second = unchecked((int)0xC2B2AE35);

    private static ReadOnlySpan<int> Ascending => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// <summary>32 random bits for one element.</summary>
    /// <param name="key">The key.</param>
    /// <param name="element">The element's number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Bits(CounterKey key, uint element) => unchecked(Mix(Mix(element ^ key.First) + key.Second));

    /// <summary>32 random bits a lane: the same as for each element alone.</summary>
    /// <typeparam name="TSimd">The register.</typeparam>
    /// <param name="first">The key's first half in every lane.</param>
    /// <param name="second">The key's second half in every lane.</param>
    /// <param name="elements">The lanes' element numbers (<see cref="Elements"/>).</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Bits<TSimd>(TSimd first, TSimd second, TSimd elements)
        where TSimd : unmanaged, ISimd<TSimd>
        => Mix(TSimd.AddBits(Mix(elements ^ first), second));

    /// <summary>The numbers start, start + 1, … of the elements in a register.</summary>
    /// <typeparam name="TSimd">The register.</typeparam>
    /// <param name="start">Of the first lane.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Elements<TSimd>(uint start)
        where TSimd : unmanaged, ISimd<TSimd>
        => TSimd.AddBits(
            // Constant data of the assembly: no collector moves it.
            TSimd.Load((float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Ascending))),
            TSimd.BroadcastBits(unchecked((int)start)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Mix(uint value)
    {
        unchecked
        {
            value = (value ^ (value >> 16)) * (uint)First;
            value = (value ^ (value >> 13)) * (uint)Second;
            return value ^ (value >> 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd Mix<TSimd>(TSimd value)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        value = TSimd.MultiplyBits(value ^ TSimd.ShiftRightLogicalBits(value, 16), TSimd.BroadcastBits(First));
        value = TSimd.MultiplyBits(value ^ TSimd.ShiftRightLogicalBits(value, 13), TSimd.BroadcastBits(Second));
        return value ^ TSimd.ShiftRightLogicalBits(value, 16);
    }
}
