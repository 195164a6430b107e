using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>A hash table of 32-bit keys to numbers and counts, one cache line a bucket.</summary>
/// <remarks>
/// A bucket is 16 words: five counts, five keys, their numbers, and one word that is not used. Number 0 is an empty place;
/// places are taken in order and never given back. A key is compared with a whole bucket at once, so that no branch depends
/// on where in it a value stands, and what is found is counted in the line that was read for it. (Counts stand where no vector
/// is read: a read over a word that has just been written would wait for it.) A full bucket overflows into the next
/// one. Whole numbers only, the same with every instruction set. Layout of the table: (2ⁿ buckets, 16).
/// </remarks>
internal static unsafe class HashBuckets
{
    /// <summary>Words of a bucket.</summary>
    public const int Words = 16;

    /// <summary>Keys of a bucket.</summary>
    public const int Places = 5;

    /// <summary>2⁶⁴ over the golden ratio: its products spread even numbers that follow each other.</summary>
    private const ulong Golden = 0x9e3779b97f4a7c15;

    /// <summary>Word of a bucket's first key; the counts come before.</summary>
    private const int Keys = Places;

    /// <summary>Word of a bucket's first number.</summary>
    private const int Numbers = 2 * Places;

    private const uint AllPlaces = (1 << Places) - 1;

    /// <summary>Asks for the bucket of each key, so that many lines are under way at once. A hint: no result depends on it.</summary>
    /// <param name="table">(B, 16).</param>
    /// <param name="keys">Any.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AskFor(NativeBuffer<uint> table, ReadOnlySpan<uint> keys)
    {
        uint* words = table.Data;
        int shift = Shift(table);
        foreach (uint key in keys)
        {
            Prefetch.Row((float*)(words + (Bucket(key, shift) * Words)), Words * sizeof(uint));
        }
    }

    /// <summary>Looks keys up and counts them, up to the first one that is not there.</summary>
    /// <param name="table">(B, 16); one place or more is empty.</param>
    /// <param name="keys">(R).</param>
    /// <param name="first">Where to begin.</param>
    /// <param name="indices">The number of key r, less one, goes to element r · stride.</param>
    /// <param name="stride">Distance between results, 1 or more.</param>
    /// <param name="overflows">Gets the index of a key whose count passes 2³² − 1 and is 0 again.</param>
    /// <param name="place">Where the key belongs that is not there, for <see cref="Add"/>.</param>
    /// <returns>The key that is not there, R when all are.</returns>
    /// <exception cref="ArgumentException"><paramref name="indices"/> is too short.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Find(
        NativeBuffer<uint> table, ReadOnlySpan<uint> keys, int first, Span<int> indices, int stride, List<int> overflows,
        out long place)
    {
        if (!keys.IsEmpty && (stride < 1 || ((long)(keys.Length - 1) * stride) >= indices.Length))
        {
            throw new ArgumentException($"{indices.Length} elements, {stride} apart, are too few for {keys.Length} keys.", nameof(indices));
        }

        uint* words = table.Data;
        int shift = Shift(table);
        long last = (table.Length / Words) - 1;
        fixed (int* target = indices)
        {
            for (int row = first; row < keys.Length; row++)
            {
                uint key = keys[row];
                long bucket = Bucket(key, shift);
                while (true)
                {
                    uint* line = words + (bucket * Words);
                    uint empty = Empty(line);
                    uint found = Equal(line + Keys, key) & AllPlaces & ~empty;
                    if (found != 0)
                    {
                        int at = BitOperations.TrailingZeroCount(found);
                        int index = (int)line[Numbers + at] - 1;
                        target[(long)row * stride] = index;
                        if (++line[at] == 0)
                        {
                            overflows.Add(index);
                        }

                        break;
                    }

                    if (empty != 0)
                    {
                        place = (bucket * Words) + BitOperations.TrailingZeroCount(empty);
                        return row;
                    }

                    bucket = (bucket + 1) & last;
                }
            }
        }

        place = -1;
        return keys.Length;
    }

    /// <summary>Adds a key, counted once.</summary>
    /// <param name="table">(B, 16).</param>
    /// <param name="place">From <see cref="Find"/>.</param>
    /// <param name="key">The key that was not found.</param>
    /// <param name="index">Its number less one.</param>
    public static void Add(NativeBuffer<uint> table, long place, uint key, int index)
    {
        table[place] = 1;
        table[place + Keys] = key;
        table[place + Numbers] = (uint)index + 1;
    }

    /// <summary>Sets all counts to 0.</summary>
    /// <param name="table">(B, 16).</param>
    public static void ClearCounts(NativeBuffer<uint> table)
    {
        for (long line = 0; line < table.Length; line += Words)
        {
            table.Slice(line, Places).Clear();
        }
    }

    /// <summary>Puts all of a table into a larger one.</summary>
    /// <param name="from">(B, 16).</param>
    /// <param name="to">(2B, 16) or more, empty.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Move(NativeBuffer<uint> from, NativeBuffer<uint> to)
    {
        uint* target = to.Data;
        int shift = Shift(to);
        long last = (to.Length / Words) - 1;
        uint* end = from.Data + from.Length;
        for (uint* line = from.Data; line < end; line += Words)
        {
            for (int at = 0; at < Places && line[Numbers + at] != 0; at++)
            {
                long bucket = Bucket(line[Keys + at], shift);
                uint empty;
                while ((empty = Empty(target + (bucket * Words))) == 0)
                {
                    bucket = (bucket + 1) & last;
                }

                uint* place = target + (bucket * Words) + BitOperations.TrailingZeroCount(empty);
                place[0] = line[at];
                place[Keys] = line[Keys + at];
                place[Numbers] = line[Numbers + at];
            }
        }
    }

    /// <summary>Writes the counts of all keys, by their numbers less one.</summary>
    /// <param name="table">(B, 16).</param>
    /// <param name="counts">As many as there are keys.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Counts(NativeBuffer<uint> table, Span<long> counts)
    {
        uint* end = table.Data + table.Length;
        for (uint* line = table.Data; line < end; line += Words)
        {
            for (int at = 0; at < Places && line[Numbers + at] != 0; at++)
            {
                counts[(int)line[Numbers + at] - 1] = line[at];
            }
        }
    }

    private static int Shift(NativeBuffer<uint> table) => 64 - BitOperations.Log2((ulong)table.Length / Words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Bucket(uint key, int shift) => (long)((key * Golden) >> shift);

    /// <summary>Bits of a bucket's empty places. What is read ends with the bucket: the numbers are its third to seventh word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Empty(uint* line) => (Equal(line + Words - 8, 0) >> (Numbers - Words + 8)) & AllPlaces;

    /// <summary>Bits of the eight words that are <paramref name="value"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Equal(uint* words, uint value) =>
        Vector256.Equals(Vector256.Load(words), Vector256.Create(value)).ExtractMostSignificantBits();
}
