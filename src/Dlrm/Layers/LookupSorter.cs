using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>The lookups of all tables in a batch, each table's sorted by row, on all workers.</summary>
/// <remarks>
/// The lookups of all tables form one line, cut into one share a worker. Most tables lie inside a share, and that
/// worker sorts them alone. A table on a cut is sorted by the workers it spans, in step, one piece each; a cut so near
/// a table's edge that the piece would not be worth the steps moves to that edge. Memory grows to the largest batch
/// seen and stays.
/// </remarks>
internal sealed class LookupSorter : IDisposable
{
    /// <summary>A piece of a table worth a share in the steps of a common sort, which cost some microseconds.</summary>
    private const int SmallestPiece = 8192;

    private const int DigitValues = 1 << RowSortPlan.MaximumDigitBits;

    /// <summary>A worker's counters: a table's sort; then counts for a piece at the start and the end of its share, and ends.</summary>
    private const int WorkerCounters = RowSortPlan.MaximumCounters + (3 * DigitValues);

    private readonly LookupPart[] _parts;
    private readonly RowSort[] _sorts;
    private readonly long[] _starts;
    private readonly long[] _cuts;
    private readonly NativeBuffer<uint> _counters;
    private NativeBuffer<byte> _keys = new(0);
    private NativeBuffer<byte> _spare = new(0);

    /// <summary>A sorter without lookups.</summary>
    /// <param name="rows">E of each table.</param>
    /// <param name="workers">Workers of the team that will sort.</param>
    public LookupSorter(IReadOnlyList<int> rows, int workers)
        : this([.. rows.Select((count, table) => new LookupPart(table, 0, count, null))], workers)
    {
    }

    /// <summary>A sorter without lookups, for tables of any kind.</summary>
    /// <param name="parts">What is looked up: each is sorted as a table of its own.</param>
    /// <param name="workers">Workers of the team that will sort.</param>
    public LookupSorter(IReadOnlyList<LookupPart> parts, int workers)
    {
        _parts = [.. parts];
        _sorts = new RowSort[parts.Count];
        _starts = new long[parts.Count + 1];
        _cuts = new long[workers + 1];
        _counters = new NativeBuffer<uint>((long)workers * WorkerCounters);
    }

    /// <summary>Lookups of all tables in the batch sorted last.</summary>
    public long Total => _starts[^1];

    /// <summary>A table's lookups in the batch sorted last.</summary>
    /// <param name="table">Table number.</param>
    public SortedLookups this[int table] => _sorts[table].Sorted;

    /// <summary>Where a table's lookups begin in the line of all.</summary>
    /// <param name="table">Table number; the number of tables gives the end.</param>
    public long Start(int table) => _starts[table];

    /// <summary>Sorts a batch.</summary>
    /// <param name="team">As many workers as the sorter was made for.</param>
    /// <param name="batch">Its lookups are known to be in range.</param>
    public void Sort(WorkerTeam team, Batch batch)
    {
        int passes = Prepare(batch, team.Workers);
        var work = new Work { Sorter = this, Batch = batch, Step = Step.SortAndCount };
        team.Run(ref work);
        for (int pass = 0; pass < passes; pass++)
        {
            work.Pass = pass;
            work.Step = Step.Move;
            team.Run(ref work);
            if (pass + 1 < passes)
            {
                work.Pass = pass + 1;
                work.Step = Step.Count;
                team.Run(ref work);
            }
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _counters.Dispose();
        _keys.Dispose();
        _spare.Dispose();
    }

    /// <summary>Lays out memory and cuts the line of lookups.</summary>
    /// <returns>The passes that the tables on cuts take; 0 when there is none.</returns>
    private int Prepare(Batch batch, int workers)
    {
        long bytes = 0;
        for (int table = 0; table < _parts.Length; table++)
        {
            bytes += RoundUp(new RowSortPlan(batch.LookupCount(_parts[table].Table), _parts[table].Rows, _parts[table].Samples(batch)));
        }

        if (bytes > _keys.Length)
        {
            _keys.Dispose();
            _spare.Dispose();
            _keys = new NativeBuffer<byte>(bytes + (bytes / 4));
            _spare = new NativeBuffer<byte>(bytes + (bytes / 4));
        }

        long place = 0;
        for (int table = 0; table < _parts.Length; table++)
        {
            var plan = new RowSortPlan(batch.LookupCount(_parts[table].Table), _parts[table].Rows, _parts[table].Samples(batch));
            _sorts[table] = new RowSort(plan, _keys, _spare, place);
            _starts[table + 1] = _starts[table] + plan.Lookups;
            place += RoundUp(plan);
        }

        int passes = 0;
        int cutTable = 0;
        _cuts[workers] = Total;
        for (int worker = 1; worker < workers; worker++)
        {
            long cut = Total * worker / workers;
            while (cutTable < _parts.Length - 1 && _starts[cutTable + 1] <= cut)
            {
                cutTable++;
            }

            long before = cut - _starts[cutTable];
            long after = _starts[cutTable + 1] - cut;
            if (Math.Min(before, after) < SmallestPiece)
            {
                cut = before <= after ? _starts[cutTable] : _starts[cutTable + 1];
            }
            else
            {
                passes = Math.Max(passes, _sorts[cutTable].Passes);
            }

            _cuts[worker] = cut;
        }

        return passes;
    }

    private static long RoundUp(in RowSortPlan plan)
        => (((long)plan.Lookups * plan.KeyBytes) + SystemMemory.Alignment - 1) / SystemMemory.Alignment * SystemMemory.Alignment;

    /// <summary>The counter where a worker counts its piece of a table.</summary>
    private long Counts(int worker, int table)
    {
        bool beginsBefore = _starts[table] < _cuts[worker];
        return ((long)worker * WorkerCounters) + RowSortPlan.MaximumCounters + (beginsBefore ? 0 : DigitValues);
    }

    private void Execute(Step step, int pass, Batch batch, int worker)
    {
        for (int table = 0; table < _parts.Length; table++)
        {
            long start = Math.Max(_cuts[worker], _starts[table]);
            long end = Math.Min(_cuts[worker + 1], _starts[table + 1]);
            if (start >= end)
            {
                continue;
            }

            int first = (int)(start - _starts[table]);
            int last = (int)(end - _starts[table]);
            if (last - first == batch.LookupCount(_parts[table].Table))
            {
                if (step == Step.SortAndCount)
                {
                    _sorts[table].Sort(_parts[table].Offsets(batch), _parts[table].Indices(batch), _counters, (long)worker * WorkerCounters);
                }
            }
            else if (pass < _sorts[table].Passes)
            {
                if (step == Step.Move)
                {
                    MovePiece(pass, batch, table, worker, first, last);
                }
                else
                {
                    _sorts[table].CountPiece(pass, _parts[table].Indices(batch), first, last, _counters, Counts(worker, table));
                }
            }
        }
    }

    private void MovePiece(int pass, Batch batch, int table, int worker, int first, int last)
    {
        Span<long> pieces = stackalloc long[_cuts.Length - 1];
        int count = 0;
        int mine = 0;
        for (int other = 0; other < _cuts.Length - 1; other++)
        {
            if (Math.Max(_cuts[other], _starts[table]) < Math.Min(_cuts[other + 1], _starts[table + 1]))
            {
                mine = other == worker ? count : mine;
                pieces[count++] = Counts(other, table);
            }
        }

        long ends = ((long)(worker + 1) * WorkerCounters) - DigitValues;
        _sorts[table].MovePiece(
            pass, _parts[table].Offsets(batch), _parts[table].Indices(batch), first, last, _counters, pieces[..count], mine, ends);
    }

    private enum Step
    {
        SortAndCount,
        Move,
        Count,
    }

    private struct Work : IParallelWork
    {
        public LookupSorter Sorter;
        public Batch Batch;
        public Step Step;
        public int Pass;

        public readonly void Execute(int worker, int workers) => Sorter.Execute(Step, Pass, Batch, worker);
    }
}
