using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// Sorts the lookups of one table by row, stably: a radix sort from the lowest digit, whose first pass reads the batch.
/// </summary>
/// <remarks>
/// In: offsets (B + 1) and indices (L) of the table as in <see cref="Data.Batch"/>. Out: L keys
/// <c>row &lt;&lt; SampleBits | sample</c> in ascending order. A digit that all rows share costs no pass. One thread sorts
/// a table with <see cref="Sort(ReadOnlySpan{int}, ReadOnlySpan{int}, NativeBuffer{uint}, long)"/>; several share one by
/// pieces, pass by pass: each counts its piece (<see cref="CountPiece"/>), and when all have, each moves it
/// (<see cref="MovePiece"/>). The order is unique, so it is the same for any number of pieces.
/// </remarks>
internal readonly unsafe struct RowSort
{
    private readonly RowSortPlan _plan;
    private readonly byte* _keys;
    private readonly byte* _spare;

    /// <summary>A sort in borrowed memory.</summary>
    /// <param name="plan">For this table and batch.</param>
    /// <param name="keys">Receives the keys.</param>
    /// <param name="spare">As large; ends undefined.</param>
    /// <param name="start">First byte in both, a multiple of 8.</param>
    public RowSort(in RowSortPlan plan, NativeBuffer<byte> keys, NativeBuffer<byte> spare, long start)
    {
        Debug.Assert(start + ((long)plan.Lookups * plan.KeyBytes) <= Math.Min(keys.Length, spare.Length));
        _plan = plan;
        _keys = keys.Data + start;
        _spare = spare.Data + start;
    }

    /// <summary>Passes that sorting by pieces takes.</summary>
    public int Passes => _plan.Passes;

    /// <summary>What a finished sort gives.</summary>
    public SortedLookups Sorted => new(_keys, _plan.Lookups, _plan.SampleBits, _plan.IsWide);

    /// <summary>Sorts all lookups.</summary>
    /// <param name="offsets">(B + 1), ascending from 0.</param>
    /// <param name="indices">(L), in [0, rows).</param>
    /// <param name="counters">Working memory: <see cref="RowSortPlan.MaximumCounters"/> from <paramref name="first"/> on.</param>
    /// <param name="first">The first counter.</param>
    public void Sort(ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, NativeBuffer<uint> counters, long first)
    {
        Debug.Assert(_plan.Lookups == indices.Length && offsets[^1] == indices.Length);
        fixed (int* offset = offsets)
        fixed (int* index = indices)
        {
            if (_plan.IsWide)
            {
                Sort(_plan, offset, index, (ulong*)_keys, (ulong*)_spare, counters.Data + first);
            }
            else
            {
                Sort(_plan, offset, index, (uint*)_keys, (uint*)_spare, counters.Data + first);
            }
        }
    }

    /// <summary>Counts the digits of one pass over a piece of the lookups.</summary>
    /// <param name="pass">0 … passes − 1.</param>
    /// <param name="indices">(L).</param>
    /// <param name="start">First place of the piece.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="counters">One a digit value from <paramref name="first"/> on, out.</param>
    /// <param name="first">The first counter.</param>
    public void CountPiece(int pass, ReadOnlySpan<int> indices, int start, int end, NativeBuffer<uint> counters, long first)
    {
        uint* counts = counters.Data + first;
        new Span<uint>(counts, _plan.DigitValues).Clear();
        int shift = pass * _plan.DigitBits;
        int mask = _plan.DigitValues - 1;
        byte* source = Target(pass - 1);
        if (pass == 0)
        {
            fixed (int* index = indices)
            {
                Count(index + start, end - start, shift, mask, counts);
            }
        }
        else if (_plan.IsWide)
        {
            Count((ulong*)source + start, end - start, shift + _plan.SampleBits, mask, counts);
        }
        else
        {
            Count((uint*)source + start, end - start, shift + _plan.SampleBits, mask, counts);
        }
    }

    /// <summary>Moves a piece of the lookups to where one pass puts them, once every piece is counted.</summary>
    /// <param name="pass">0 … passes − 1.</param>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="indices">(L).</param>
    /// <param name="start">First place of the piece.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="counters">Holds the counts of all pieces.</param>
    /// <param name="pieces">The first counter of each piece, in order.</param>
    /// <param name="piece">Which of them this is.</param>
    /// <param name="ends">Working memory among the counters, one a digit value.</param>
    public void MovePiece(
        int pass,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        int start,
        int end,
        NativeBuffer<uint> counters,
        ReadOnlySpan<long> pieces,
        int piece,
        long ends)
    {
        uint* places = counters.Data + ends;
        FindEnds(counters.Data, pieces, piece, places);
        int shift = pass * _plan.DigitBits;
        int mask = _plan.DigitValues - 1;
        byte* source = Target(pass - 1);
        byte* target = Target(pass);
        fixed (int* offset = offsets)
        fixed (int* index = indices)
        {
            if (pass == 0)
            {
                int sample = LastAtMost(offsets, start);
                if (_plan.IsWide)
                {
                    MoveLookups(offset, sample, index, start, end, shift, mask, _plan.SampleBits, (ulong*)target, places);
                }
                else
                {
                    MoveLookups(offset, sample, index, start, end, shift, mask, _plan.SampleBits, (uint*)target, places);
                }
            }
            else if (_plan.IsWide)
            {
                MoveKeys((ulong*)source + start, end - start, shift + _plan.SampleBits, mask, (ulong*)target, places);
            }
            else
            {
                MoveKeys((uint*)source + start, end - start, shift + _plan.SampleBits, mask, (uint*)target, places);
            }
        }
    }

    /// <summary>Where the keys of one piece go: after all smaller digits, and after the same digit in earlier pieces.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FindEnds(uint* counters, ReadOnlySpan<long> pieces, int piece, uint* ends)
    {
        uint smaller = 0;
        for (int value = 0; value < _plan.DigitValues; value++)
        {
            uint earlier = 0;
            uint all = 0;
            for (int other = 0; other < pieces.Length; other++)
            {
                earlier = other == piece ? all : earlier;
                all += counters[pieces[other] + value];
            }

            ends[value] = smaller + earlier;
            smaller += all;
        }
    }

    /// <summary>Where a pass of a sort by pieces puts the keys: the last in its result, those before by turns.</summary>
    private byte* Target(int pass) => ((_plan.Passes - 1 - pass) & 1) == 0 ? _keys : _spare;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sort<TKey>(in RowSortPlan plan, int* offsets, int* indices, TKey* keys, TKey* spare, uint* counters)
        where TKey : unmanaged, IBinaryInteger<TKey>
    {
        int lookups = plan.Lookups;
        if (lookups <= RowSortPlan.InsertionLimit)
        {
            InsertionSort(offsets, indices, lookups, plan.SampleBits, keys);
            return;
        }

        int values = plan.DigitValues;
        int mask = values - 1;
        new Span<uint>(counters, plan.Passes * values).Clear();
        int pass = 0;
        for (; pass + 2 <= plan.Passes; pass += 2)
        {
            CountTwo(indices, lookups, pass * plan.DigitBits, plan.DigitBits, mask, counters + (pass * values));
        }

        if (pass < plan.Passes)
        {
            Count(indices, lookups, pass * plan.DigitBits, mask, counters + (pass * values));
        }

        // Bit p of needed is set when the rows differ in digit p. The first pass also makes the keys, so there is one.
        uint needed = 0;
        for (pass = 0; pass < plan.Passes; pass++)
        {
            int first = (indices[0] >> (pass * plan.DigitBits)) & mask;
            needed |= counters[(pass * values) + first] == (uint)lookups ? 0 : 1u << pass;
        }

        needed = needed == 0 ? 1 : needed;
        bool toKeys = (BitOperations.PopCount(needed) & 1) == 1;
        TKey* source = null;
        for (; needed != 0; needed &= needed - 1)
        {
            pass = BitOperations.TrailingZeroCount(needed);
            int shift = pass * plan.DigitBits;
            uint* ends = counters + (pass * values);
            SumBefore(ends, values);
            TKey* target = toKeys ? keys : spare;
            if (source == null)
            {
                MoveLookups(offsets, 0, indices, 0, lookups, shift, mask, plan.SampleBits, target, ends);
            }
            else
            {
                MoveKeys(source, lookups, shift + plan.SampleBits, mask, target, ends);
            }

            source = target;
            toKeys = !toKeys;
        }
    }

    /// <summary>The last sample whose bag starts at or before a place: the one that the place belongs to.</summary>
    private static int LastAtMost(ReadOnlySpan<int> offsets, int place)
    {
        int low = 0;
        int high = offsets.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (offsets[middle] <= place)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void InsertionSort<TKey>(int* offsets, int* indices, int lookups, int sampleBits, TKey* keys)
        where TKey : unmanaged, IBinaryInteger<TKey>
    {
        int sample = 0;
        for (int lookup = 0; lookup < lookups; lookup++)
        {
            while (lookup >= offsets[sample + 1])
            {
                sample++;
            }

            TKey key = (TKey.CreateTruncating(indices[lookup]) << sampleBits) | TKey.CreateTruncating(sample);
            int place = lookup;
            for (; place > 0 && keys[place - 1] > key; place--)
            {
                keys[place] = keys[place - 1];
            }

            keys[place] = key;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Count<T>(T* values, int count, int shift, int mask, uint* counts)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (int place = 0; place < count; place++)
        {
            counts[int.CreateTruncating(values[place] >> shift) & mask]++;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CountTwo(int* rows, int count, int shift, int bits, int mask, uint* counts)
    {
        uint* next = counts + mask + 1;
        for (int place = 0; place < count; place++)
        {
            int digits = rows[place] >> shift;
            counts[digits & mask]++;
            next[(digits >> bits) & mask]++;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumBefore(uint* counts, int values)
    {
        uint sum = 0;
        for (int value = 0; value < values; value++)
        {
            uint count = counts[value];
            counts[value] = sum;
            sum += count;
        }
    }

    /// <summary>Makes the keys of lookups [start, end), the first of which belongs to <paramref name="sample"/>, and moves them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MoveLookups<TKey>(
        int* offsets, int sample, int* indices, int start, int end, int shift, int mask, int sampleBits, TKey* target, uint* ends)
        where TKey : unmanaged, IBinaryInteger<TKey>
    {
        for (int lookup = start; lookup < end; sample++)
        {
            int stop = Math.Min(offsets[sample + 1], end);
            TKey low = TKey.CreateTruncating(sample);
            for (; lookup < stop; lookup++)
            {
                int row = indices[lookup];
                target[ends[(row >> shift) & mask]++] = (TKey.CreateTruncating(row) << sampleBits) | low;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MoveKeys<TKey>(TKey* source, int count, int shift, int mask, TKey* target, uint* ends)
        where TKey : unmanaged, IBinaryInteger<TKey>
    {
        for (int place = 0; place < count; place++)
        {
            TKey key = source[place];
            target[ends[int.CreateTruncating(key >> shift) & mask]++] = key;
        }
    }
}
