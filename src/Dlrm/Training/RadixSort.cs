namespace Dlrm.Training;

/// <summary>Sorts millions of 32-bit keys in three passes over 11 bits each, least significant first.</summary>
internal static class RadixSort
{
    private const int Bits = 11;
    private const int Buckets = 1 << Bits;
    private const uint Mask = Buckets - 1;

    /// <summary>Sorts ascending.</summary>
    /// <param name="keys">The keys, in; in any order out.</param>
    /// <param name="scratch">As long as <paramref name="keys"/>; contents are lost.</param>
    /// <returns>True when <paramref name="scratch"/> has the sorted keys, false when <paramref name="keys"/> has.</returns>
    public static bool Sort(Span<uint> keys, Span<uint> scratch)
    {
        Span<int> counts = stackalloc int[3 * Buckets];
        counts.Clear();
        Span<int> low = counts[..Buckets];
        Span<int> middle = counts.Slice(Buckets, Buckets);
        Span<int> high = counts[(2 * Buckets)..];
        foreach (uint key in keys)
        {
            low[(int)(key & Mask)]++;
            middle[(int)((key >> Bits) & Mask)]++;
            high[(int)(key >> (2 * Bits))]++;
        }

        Span<uint> from = keys;
        Span<uint> to = scratch[..keys.Length];
        bool swapped = false;
        for (int pass = 0; pass < 3; pass++)
        {
            Span<int> places = counts.Slice(pass * Buckets, Buckets);
            int shift = pass * Bits;
            if (keys.IsEmpty || places[(int)((from[0] >> shift) & Mask)] == keys.Length)
            {
                continue; // All keys agree in these bits.
            }

            Place(from, to, places, shift);
            Span<uint> other = from;
            from = to;
            to = other;
            swapped = !swapped;
        }

        return swapped;
    }

    private static void Place(ReadOnlySpan<uint> from, Span<uint> to, Span<int> places, int shift)
    {
        int next = 0;
        for (int bucket = 0; bucket < places.Length; bucket++)
        {
            int count = places[bucket];
            places[bucket] = next;
            next += count;
        }

        foreach (uint key in from)
        {
            to[places[(int)((key >> shift) & Mask)]++] = key;
        }
    }
}
