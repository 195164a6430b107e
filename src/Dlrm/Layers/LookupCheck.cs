using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>Checks the lookups of a batch on all workers; only when something is wrong does it look for where.</summary>
internal struct LookupCheck : IParallelWork
{
    private readonly IReadOnlyList<int> _rows;
    private readonly Batch _batch;
    private int _failed;

    /// <summary>A check of one batch.</summary>
    /// <param name="rows">E of each table of the batch.</param>
    /// <param name="batch">The batch.</param>
    public LookupCheck(IReadOnlyList<int> rows, Batch batch)
    {
        _rows = rows;
        _batch = batch;
    }

    /// <summary>Checks.</summary>
    /// <param name="team">Who.</param>
    /// <exception cref="LookupException">The first lookup (by table, then sample) that cannot be used.</exception>
    public void Run(WorkerTeam team)
    {
        // The last offset is the length of the indices, so offsets come first, and bad ones end the matter.
        for (int table = 0; table < _rows.Count; table++)
        {
            ReadOnlySpan<int> offsets = _batch.Offsets(table);
            if (offsets[0] != 0 || !EmbeddingBagCheck.Ascend(offsets))
            {
                throw FindOffset(table, offsets);
            }
        }

        team.Run(ref this);
        if (_failed != 0)
        {
            throw FindIndex();
        }
    }

    /// <inheritdoc/>
    public void Execute(int worker, int workers)
    {
        long total = 0;
        for (int table = 0; table < _rows.Count; table++)
        {
            total += _batch.LookupCount(table);
        }

        long from = total * worker / workers;
        long to = total * (worker + 1) / workers;
        long before = 0;
        for (int table = 0; table < _rows.Count && before < to; table++)
        {
            int count = _batch.LookupCount(table);
            int start = (int)Math.Clamp(from - before, 0, count);
            int end = (int)Math.Clamp(to - before, 0, count);
            if (start < end && !EmbeddingBagCheck.AreInRange(_batch.Indices(table)[start..end], _rows[table]))
            {
                Volatile.Write(ref _failed, 1);
            }

            before += count;
        }
    }

    private static LookupException FindOffset(int table, ReadOnlySpan<int> offsets)
    {
        int sample = 0;
        while (offsets[0] == 0 && offsets[sample] <= offsets[sample + 1])
        {
            sample++;
        }

        return offsets[0] != 0
            ? LookupException.NotFromZero(table, offsets[0])
            : LookupException.NotAscending(table, sample, offsets[sample], offsets[sample + 1]);
    }

    private readonly LookupException FindIndex()
    {
        for (int table = 0; table < _rows.Count; table++)
        {
            ReadOnlySpan<int> offsets = _batch.Offsets(table);
            ReadOnlySpan<int> indices = _batch.Indices(table);
            for (int sample = 0; sample < _batch.Size; sample++)
            {
                foreach (int index in indices[offsets[sample]..offsets[sample + 1]])
                {
                    if ((uint)index >= (uint)_rows[table])
                    {
                        return LookupException.OutOfRange(table, sample, index, _rows[table]);
                    }
                }
            }
        }

        throw new InvalidOperationException("The batch changed while it was checked.");
    }
}
