using CsCheck;
using Dlrm.Kernels;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Tests.Kernels;

/// <summary>The table of one cache line a bucket finds and counts as a dictionary does.</summary>
public sealed class HashBucketsTests
{
    [Fact]
    public void Finds_and_counts_as_a_dictionary_does_however_full() => Gen.UInt[0, 60].Array[0, 200].Sample(
        keys =>
        {
            var numbers = new Dictionary<uint, int>();
            foreach (uint key in keys)
            {
                numbers.TryAdd(key, numbers.Count);
            }

            // 16 buckets have 80 places: buckets overflow, into the next and around the end.
            using var table = new NativeBuffer<uint>(16 * HashBuckets.Words);
            int[] found = Encode(table, keys, 0);
            Assert.Equal(keys.Select(key => numbers[key]), found);
            using var larger = new NativeBuffer<uint>(64 * HashBuckets.Words);
            HashBuckets.Move(table, larger);
            Assert.Equal(found, Encode(larger, keys, numbers.Count));
            var counts = new long[numbers.Count];
            HashBuckets.Counts(larger, counts);
            Assert.Equal(numbers.Keys.Select(key => 2L * keys.Count(other => other == key)), counts);
            HashBuckets.ClearCounts(larger);
            Assert.Equal(found, Encode(larger, keys, numbers.Count));
            HashBuckets.Counts(larger, counts);
            Assert.Equal(numbers.Keys.Select(key => (long)keys.Count(other => other == key)), counts);
        }, iter: 200, threads: 1);

    [Fact]
    public void A_count_past_32_bits_is_told()
    {
        using var table = new NativeBuffer<uint>(2 * HashBuckets.Words);
        Encode(table, [7], 0);

        // The first word that is 1 is the count, which comes before its key and its number.
        table.Span[table.Span.IndexOf(1u)] = uint.MaxValue;
        var overflows = new List<int>();
        Assert.Equal(2, HashBuckets.Find(table, [7, 7], 0, new int[2], 1, overflows, out _));
        Assert.Equal([0], overflows);
        var counts = new long[1];
        HashBuckets.Counts(table, counts);
        Assert.Equal(1, counts[0]);
    }

    private static int[] Encode(NativeBuffer<uint> table, uint[] keys, int known)
    {
        var indices = new int[Math.Max(1, keys.Length * 2)];
        HashBuckets.AskFor(table, keys);
        for (int row = 0; (row = HashBuckets.Find(table, keys, row, indices, 2, [], out long place)) < keys.Length; row++)
        {
            indices[row * 2] = known;
            HashBuckets.Add(table, place, keys[row], known++);
        }

        return [.. keys.Select((_, row) => indices[row * 2])];
    }
}
