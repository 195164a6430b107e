using System.Runtime.InteropServices;
using Dlrm.Data;
using Dlrm.Layers;

namespace Dlrm.Distributed;

/// <summary>Brings every rank the lookups of all samples in its parts of tables: each rank has those of its own samples alone.</summary>
/// <remarks>
/// Two all-to-alls. In the first, for each part of a table that the receiver holds: the number of lookups of each of the
/// sender's samples; in the second, the rows, numbered as in the receiver's part. Both can be under way while other things
/// are computed: <see cref="Begin"/>, <see cref="Continue"/>, <see cref="Finish"/>.
/// </remarks>
internal sealed class LookupExchange : IDisposable
{
    private readonly ShardMap _map;
    private readonly int _rank;
    private readonly Exchange _counts;
    private readonly Exchange _rows;
    private Batch? _batch;
    private bool _continued;

    /// <summary>An exchange without a batch.</summary>
    /// <param name="map">Who has what.</param>
    /// <param name="communicator">What it goes through.</param>
    public LookupExchange(ShardMap map, ICommunicator communicator)
    {
        _map = map;
        _rank = communicator.Rank;
        _counts = new Exchange(communicator);
        _rows = new Exchange(communicator);
        Lookups = new Batch(1, map.Layouts.Count);
    }

    /// <summary>The lookups of all samples in this rank's parts; no other tables have any. Complete after <see cref="Finish"/>.</summary>
    public Batch Lookups { get; }

    /// <summary>Bytes that this rank sent to others so far.</summary>
    public long BytesSent => _counts.BytesSent + _rows.BytesSent;

    /// <summary>True when a batch's lookups are here or on their way.</summary>
    /// <param name="batch">This rank's part.</param>
    public bool Has(Batch batch) => ReferenceEquals(_batch, batch);

    /// <summary>Tells the ranks how many rows each sample looks up.</summary>
    /// <param name="batch">This rank's part, known to be in range. It must stay as it is until <see cref="Finish"/>.</param>
    public void Begin(Batch batch)
    {
        _batch = batch;
        _continued = false;
        for (int rank = 0; rank < _map.Ranks; rank++)
        {
            long theirs = BatchParts.Count(batch.WholeSize, rank, _map.Ranks);
            _counts.Plan(
                rank,
                sizeof(int) * (long)batch.Size * _map.Shards(rank).Length,
                sizeof(int) * theirs * _map.Shards(_rank).Length);
        }

        for (int rank = 0; rank < _map.Ranks; rank++)
        {
            Span<int> counts = MemoryMarshal.Cast<byte, int>(_counts.Outgoing(rank));
            foreach (TableShard shard in _map.Shards(rank))
            {
                Count(batch, shard, counts[..batch.Size]);
                counts = counts[batch.Size..];
            }
        }

        _counts.Start();
    }

    /// <summary>Waits for the numbers and sends the rows.</summary>
    public void Continue()
    {
        Batch batch = _batch!;
        _counts.Finish();
        for (int rank = 0; rank < _map.Ranks; rank++)
        {
            _rows.Plan(rank, sizeof(int) * Sum(_counts.OutgoingInts(rank)), sizeof(int) * Sum(_counts.IncomingInts(rank)));
        }

        for (int rank = 0; rank < _map.Ranks; rank++)
        {
            Span<int> rows = MemoryMarshal.Cast<byte, int>(_rows.Outgoing(rank));
            int written = 0;
            foreach (TableShard shard in _map.Shards(rank))
            {
                written += Write(batch, shard, rows[written..]);
            }
        }

        _rows.Start();
        _continued = true;
    }

    /// <summary>As <see cref="Continue"/>, where a batch's numbers are on their way.</summary>
    public void ContinueIfBegun()
    {
        if (_batch is not null && !_continued)
        {
            Continue();
        }
    }

    /// <summary>Waits for the rows and puts the lookups together.</summary>
    public void Finish()
    {
        if (!_continued)
        {
            Continue();
        }

        _rows.Finish();
        int samples = _batch!.WholeSize;
        Lookups.Resize(samples);
        for (int table = 0; table < Lookups.Tables; table++)
        {
            Lookups.Offsets(table).Clear();
        }

        TableShard[] shards = _map.Shards(_rank);
        for (int number = 0; number < shards.Length; number++)
        {
            Assemble(shards[number].Table, number, samples);
        }
    }

    /// <summary>Forgets the batch, so that it can be filled again.</summary>
    public void Forget() => _batch = null;

    /// <summary>Ends what is under way, for nobody.</summary>
    public void Abandon()
    {
        if (_batch is not null)
        {
            Finish();
            Forget();
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _counts.Dispose();
        _rows.Dispose();
        Lookups.Dispose();
    }

    private static void Count(Batch batch, TableShard shard, Span<int> counts)
    {
        ReadOnlySpan<int> offsets = batch.Offsets(shard.Table);
        if (!shard.IsByRow)
        {
            for (int sample = 0; sample < counts.Length; sample++)
            {
                counts[sample] = offsets[sample + 1] - offsets[sample];
            }

            return;
        }

        ReadOnlySpan<int> indices = batch.Indices(shard.Table);
        ShardRegion region = shard.Region;
        for (int sample = 0; sample < counts.Length; sample++)
        {
            int count = 0;
            foreach (int row in indices[offsets[sample]..offsets[sample + 1]])
            {
                count += region.LocalRow(row) >= 0 ? 1 : 0;
            }

            counts[sample] = count;
        }
    }

    private static int Write(Batch batch, TableShard shard, Span<int> rows)
    {
        ReadOnlySpan<int> indices = batch.Indices(shard.Table);
        if (!shard.IsByRow)
        {
            indices.CopyTo(rows);
            return indices.Length;
        }

        ShardRegion region = shard.Region;
        int written = 0;
        foreach (int row in indices)
        {
            int local = region.LocalRow(row);
            if (local >= 0)
            {
                rows[written++] = local;
            }
        }

        return written;
    }

    /// <summary>One table's lookups, rank after rank: their samples follow each other.</summary>
    private void Assemble(int table, int shard, int samples)
    {
        Span<int> offsets = Lookups.Offsets(table);
        int total = 0;
        int sample = 0;
        for (int rank = 0; rank < _map.Ranks; rank++)
        {
            int size = BatchParts.Count(samples, rank, _map.Ranks);
            foreach (int count in _counts.IncomingInts(rank).Slice(shard * size, size))
            {
                total += count;
                offsets[++sample] = total;
            }
        }

        Span<int> indices = Lookups.ReserveIndices(table, total);
        int written = 0;
        for (int rank = 0; rank < _map.Ranks; rank++)
        {
            int size = BatchParts.Count(samples, rank, _map.Ranks);
            ReadOnlySpan<int> counts = _counts.IncomingInts(rank);
            int before = (int)Sum(counts[..(shard * size)]);
            int own = (int)Sum(counts.Slice(shard * size, size));
            _rows.IncomingInts(rank).Slice(before, own).CopyTo(indices[written..]);
            written += own;
        }
    }

    private static long Sum(ReadOnlySpan<int> counts)
    {
        long sum = 0;
        foreach (int count in counts)
        {
            sum += count;
        }

        return sum;
    }
}
