using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dlrm.Kernels;

/// <summary>Whether lookups may be used: the check that stands before every gather.</summary>
internal static class EmbeddingBagCheck
{
    /// <summary>True when all indices lie in [0, rows). One pass for the largest, negative ones counting as huge.</summary>
    /// <param name="indices">(L).</param>
    /// <param name="rows">E, 1 or more.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool AreInRange(ReadOnlySpan<int> indices, int rows)
    {
        ReadOnlySpan<uint> values = MemoryMarshal.Cast<int, uint>(indices);
        Vector<uint> largest = Vector<uint>.Zero;
        Vector<uint> largest2 = Vector<uint>.Zero;
        int place = 0;
        for (; place <= values.Length - (2 * Vector<uint>.Count); place += 2 * Vector<uint>.Count)
        {
            largest = Vector.Max(largest, new Vector<uint>(values[place..]));
            largest2 = Vector.Max(largest2, new Vector<uint>(values[(place + Vector<uint>.Count)..]));
        }

        bool good = !Vector.GreaterThanOrEqualAny(Vector.Max(largest, largest2), new Vector<uint>((uint)rows));
        for (; place < values.Length; place++)
        {
            good &= values[place] < (uint)rows;
        }

        return good;
    }

    /// <summary>True when no offset is below the one before it.</summary>
    /// <param name="offsets">Any part of (B + 1).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Ascend(ReadOnlySpan<int> offsets)
    {
        bool good = true;
        int place = 1;
        for (; place <= offsets.Length - Vector<int>.Count; place += Vector<int>.Count)
        {
            good &= Vector.LessThanOrEqualAll(new Vector<int>(offsets[(place - 1)..]), new Vector<int>(offsets[place..]));
        }

        for (; place < offsets.Length; place++)
        {
            good &= offsets[place - 1] <= offsets[place];
        }

        return good;
    }
}
