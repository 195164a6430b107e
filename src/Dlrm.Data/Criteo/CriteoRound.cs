using Dlrm.Data.Lines;
using Dlrm.Kernels;
using Dlrm.Threading;

namespace Dlrm.Data.Criteo;

/// <summary>
/// A few blocks that are worked on together: parsed each by one worker, numbered column by column in the order of the
/// blocks, written each by one worker. So the outcome does not depend on the number of workers.
/// </summary>
internal sealed class CriteoRound : IDisposable
{
    private readonly WorkerTeam _team;
    private readonly TextBlock?[] _blocks;
    private readonly InstructionSet _set = InstructionSets.Choose();
    private readonly HashVocabulary[] _vocabularies;

    /// <summary>As many blocks as workers.</summary>
    public CriteoRound(int workers)
    {
        _team = new WorkerTeam(workers);
        _blocks = new TextBlock?[workers];
        Rows = new CriteoRowBlock[workers];
        for (int block = 0; block < workers; block++)
        {
            Rows[block] = new CriteoRowBlock();
        }

        _vocabularies = new HashVocabulary[CriteoColumns.Categorical];
        for (int column = 0; column < _vocabularies.Length; column++)
        {
            _vocabularies[column] = new HashVocabulary();
        }
    }

    /// <summary>What was made of each block.</summary>
    public CriteoRowBlock[] Rows { get; }

    /// <summary>Blocks in this round.</summary>
    public int Count { get; private set; }

    /// <summary>The numbers given so far, by column.</summary>
    public IReadOnlyList<HashVocabulary> Vocabularies => _vocabularies;

    /// <summary>Fetches blocks and parses them.</summary>
    /// <returns>False at the end of the file.</returns>
    public bool Parse(LineBlockReader reader, bool stopAtBadLine)
    {
        Count = 0;
        while (Count < _blocks.Length && reader.Next() is TextBlock block)
        {
            _blocks[Count++] = block;
        }

        var work = new ParseWork(this, stopAtBadLine);
        _team.Run(ref work);
        for (int block = 0; block < Count; block++)
        {
            reader.Return(_blocks[block]!);
        }

        return Count > 0;
    }

    /// <summary>Turns hashes, modulo the range if that is positive, into indices.</summary>
    public void Number(int maxIndexRange)
    {
        var work = new NumberWork(this, maxIndexRange);
        _team.Run(ref work);
    }

    /// <summary>Adds the rows to a data set.</summary>
    public void Write(TabularDataSetBuilder builder)
    {
        int rows = 0;
        for (int block = 0; block < Count; block++)
        {
            rows += Rows[block].Rows;
        }

        var work = new WriteWork(this, builder, builder.Reserve(rows));
        _team.Run(ref work);
    }

    /// <summary>Ends the threads and gives the memory back.</summary>
    public void Dispose()
    {
        _team.Dispose();
        foreach (HashVocabulary vocabulary in _vocabularies)
        {
            vocabulary.Dispose();
        }
    }

    private void NumberColumn(int column, int maxIndexRange)
    {
        for (int block = 0; block < Count; block++)
        {
            Span<uint> hashes = Rows[block].Column(column);
            if (maxIndexRange > 0)
            {
                for (int row = 0; row < hashes.Length; row++)
                {
                    hashes[row] %= (uint)maxIndexRange;
                }
            }

            _vocabularies[column].Encode(hashes, Rows[block].Indices.AsSpan(column), CriteoColumns.Categorical);
        }
    }

    private readonly struct ParseWork(CriteoRound round, bool stopAtBadLine) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            if (worker < round.Count)
            {
                CriteoBlockParser.Parse(round._blocks[worker]!, round.Rows[worker], stopAtBadLine, round._set);
            }
        }
    }

    private struct NumberWork(CriteoRound round, int maxIndexRange) : IParallelWork
    {
        private int _next;

        public void Execute(int worker, int workers)
        {
            // Columns differ in cost by the size of their vocabularies: whoever is free takes the next.
            for (int column; (column = Interlocked.Increment(ref _next) - 1) < CriteoColumns.Categorical;)
            {
                round.NumberColumn(column, maxIndexRange);
            }
        }
    }

    private readonly struct WriteWork(CriteoRound round, TabularDataSetBuilder builder, int first) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            if (worker >= round.Count)
            {
                return;
            }

            int start = first;
            for (int block = 0; block < worker; block++)
            {
                start += round.Rows[block].Rows;
            }

            CriteoRowBlock rows = round.Rows[worker];
            CriteoRowWriter.Write(builder, start, rows.Labels.AsSpan(0, rows.Rows), rows.Dense, rows.Indices);
        }
    }
}
