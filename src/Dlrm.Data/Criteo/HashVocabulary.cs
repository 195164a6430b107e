using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Data.Criteo;

/// <summary>Numbers the hashes of one column 0, 1, 2, … in order of first appearance, and counts each.</summary>
/// <remarks>
/// A table of <see cref="HashBuckets"/>, at most three places in four taken. It lies in native memory, on huge pages where the
/// system has them, because a large table is read at random.
/// </remarks>
internal sealed class HashVocabulary : IDisposable
{
    /// <summary>Hashes looked up together; their cache lines fit the first-level cache.</summary>
    private const int Group = 64;

    /// <summary>A table of more bytes than this is out of the second-level cache.</summary>
    private const int CachedBytes = 1 << 18;

    // Values whose count passed 2³² − 1, which Criteo's Terabyte data can do, each as often as it did.
    private readonly List<int> _overflows = [];
    private NativeBuffer<uint> _table = new(2 * HashBuckets.Words);
    private uint[] _hashes = new uint[32];

    /// <summary>Distinct hashes so far.</summary>
    public int Count { get; private set; }

    /// <summary>The hash that each number stands for.</summary>
    public ReadOnlySpan<uint> Hashes => _hashes.AsSpan(0, Count);

    /// <summary>Gives each hash its number and counts it.</summary>
    /// <param name="hashes">(R).</param>
    /// <param name="indices">Number of hash r goes to element r · stride.</param>
    /// <param name="stride">Distance between results.</param>
    public void Encode(ReadOnlySpan<uint> hashes, Span<int> indices, int stride)
    {
        for (int start = 0; start < hashes.Length; start += Group)
        {
            ReadOnlySpan<uint> group = hashes.Slice(start, Math.Min(Group, hashes.Length - start));
            Span<int> results = indices[(start * stride)..];
            if (_table.Bytes > CachedBytes)
            {
                HashBuckets.AskFor(_table, group);
            }

            for (int row = 0; (row = HashBuckets.Find(_table, group, row, results, stride, _overflows, out long place)) < group.Length; row++)
            {
                results[row * stride] = Count;
                Add(group[row], place);
            }
        }
    }

    /// <summary>(<see cref="Count"/>): how often each was encoded.</summary>
    public long[] Counts()
    {
        var counts = new long[Count];
        HashBuckets.Counts(_table, counts);
        foreach (int value in _overflows)
        {
            counts[value] += 1L << 32;
        }

        return counts;
    }

    /// <summary>Counts from 0 again; the numbers stay.</summary>
    public void ClearCounts()
    {
        _overflows.Clear();
        HashBuckets.ClearCounts(_table);
    }

    /// <summary>Gives the table back; the hashes stay.</summary>
    public void Dispose() => _table.Dispose();

    private void Add(uint hash, long place)
    {
        if (Count == _hashes.Length)
        {
            Array.Resize(ref _hashes, Count * 2);
        }

        HashBuckets.Add(_table, place, hash, Count);
        _hashes[Count++] = hash;
        if ((long)Count * HashBuckets.Words * 4 > _table.Length * HashBuckets.Places * 3)
        {
            var grown = new NativeBuffer<uint>(_table.Length * 2);
            HashBuckets.Move(_table, grown);
            _table.Dispose();
            _table = grown;
        }
    }
}
