namespace Dlrm.Kernels;

/// <summary>Lookups of one table ordered by row, those of a row by sample: a run of keys in borrowed memory.</summary>
/// <remarks>A key is <c>row &lt;&lt; SampleBits | sample</c>; see <see cref="RowSortPlan"/>.</remarks>
internal readonly unsafe struct SortedLookups
{
    /// <summary>Looks at keys that outlive the view.</summary>
    /// <param name="keys">The first key, of 32 or 64 bits.</param>
    /// <param name="count">Keys.</param>
    /// <param name="sampleBits">Low bits of a key that are the sample.</param>
    /// <param name="isWide">True for 64 bits.</param>
    public SortedLookups(void* keys, int count, int sampleBits, bool isWide)
    {
        Keys = keys;
        Count = count;
        SampleBits = sampleBits;
        IsWide = isWide;
    }

    /// <summary>The first key.</summary>
    public void* Keys { get; }

    /// <summary>Keys.</summary>
    public int Count { get; }

    /// <summary>Low bits of a key: the sample.</summary>
    public int SampleBits { get; }

    /// <summary>True when keys have 64 bits.</summary>
    public bool IsWide { get; }

    /// <summary>The row looked up at a place.</summary>
    /// <param name="place">0 … <see cref="Count"/> − 1.</param>
    public int Row(int place)
        => IsWide ? (int)(((ulong*)Keys)[place] >> SampleBits) : (int)((ulong)((uint*)Keys)[place] >> SampleBits);

    /// <summary>The sample that looks it up.</summary>
    /// <param name="place">0 … <see cref="Count"/> − 1.</param>
    public int Sample(int place)
        => (int)((IsWide ? ((ulong*)Keys)[place] : ((uint*)Keys)[place]) & ((1ul << SampleBits) - 1));

    /// <summary>The lookups from one place to another.</summary>
    /// <param name="start">First place.</param>
    /// <param name="end">One after the last.</param>
    public SortedLookups Slice(int start, int end)
        => new((byte*)Keys + ((long)start * (IsWide ? sizeof(ulong) : sizeof(uint))), end - start, SampleBits, IsWide);

    /// <summary>The first place at or after <paramref name="place"/> where a new row begins (or the end).</summary>
    /// <param name="place">0 … <see cref="Count"/>.</param>
    public int NextRowStart(int place)
    {
        if (place <= 0 || place >= Count)
        {
            return Math.Clamp(place, 0, Count);
        }

        int row = Row(place - 1);
        int low = place;
        int high = Count;
        while (low < high)
        {
            int middle = low + ((high - low) >> 1);
            if (Row(middle) == row)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
