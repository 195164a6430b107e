using Dlrm.Data.Folders;
using Dlrm.Data.Lines;
using Dlrm.Kernels;
using Dlrm.Threading;

namespace Dlrm.Data.Criteo;

/// <summary>
/// Some blocks of text on their way to a row file: parsed and transposed in parallel by block, numbered in parallel by
/// column, each column's blocks in the order of the file, so the result does not depend on the number of threads.
/// </summary>
internal sealed class CriteoColumnRound : IDisposable
{
    private readonly WorkerTeam _team;
    private readonly TextBlock?[] _blocks;
    private readonly HashVocabulary[] _vocabularies;
    private readonly int _maxIndexRange;
    private readonly InstructionSet _set = InstructionSets.Choose();

    /// <summary>As many blocks as workers.</summary>
    /// <param name="workers">1 or more.</param>
    /// <param name="maxIndexRange">Hashes are taken modulo this; 0 for not.</param>
    public CriteoColumnRound(int workers, int maxIndexRange)
    {
        _team = new WorkerTeam(workers);
        _maxIndexRange = maxIndexRange;
        _blocks = new TextBlock?[workers];
        TextBytes = new long[workers];
        Rows = [.. Enumerable.Range(0, workers).Select(_ => new CriteoRowBlock())];
        Columns = [.. Enumerable.Range(0, workers).Select(_ => new RowBuffers(
            CriteoColumns.Dense, new bool[CriteoColumns.Categorical], weighted: false, grouped: false))];
        _vocabularies = [.. Enumerable.Range(0, CriteoColumns.Categorical).Select(_ => new HashVocabulary())];
    }

    /// <summary>What stands between fields in place of a tab; no digit.</summary>
    public byte Separator { get; init; } = (byte)'\t';

    /// <summary>What was parsed of each block.</summary>
    public CriteoRowBlock[] Rows { get; }

    /// <summary>What goes to the row file of each block.</summary>
    public RowBuffers[] Columns { get; }

    /// <summary>Blocks in this round.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of each block's text, dropped ones included; it ends at a line's end.</summary>
    public long[] TextBytes { get; }

    /// <summary>The numbers given so far, by column.</summary>
    public IReadOnlyList<HashVocabulary> Vocabularies => _vocabularies;

    /// <summary>Fetches blocks and parses them.</summary>
    /// <returns>False at the end of the file.</returns>
    public bool Parse(LineBlockReader reader, bool stopAtBadLine)
    {
        Count = 0;
        while (Count < _blocks.Length && reader.Next() is { } block)
        {
            TextBytes[Count] = block.Length + block.Dropped;
            if (Separator != '\t')
            {
                block.Bytes.AsSpan(0, block.Length).Replace(Separator, (byte)'\t');
            }

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

    /// <summary>Turns hashes into indices and numbers into dense features.</summary>
    public void Encode()
    {
        for (int block = 0; block < Count; block++)
        {
            Columns[block].Rows = Rows[block].Rows;
            Columns[block].Reserve(Rows[block].Rows);
        }

        var work = new EncodeWork(this);
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

    private void EncodeCategory(int column)
    {
        for (int block = 0; block < Count; block++)
        {
            Span<uint> hashes = Rows[block].Column(column);
            if (_maxIndexRange > 0)
            {
                for (int row = 0; row < hashes.Length; row++)
                {
                    hashes[row] %= (uint)_maxIndexRange;
                }
            }

            _vocabularies[column].Encode(hashes, Columns[block].Sparse[column].Ints, stride: 1);
        }
    }

    private void EncodeNumbers(int block)
    {
        RowBuffers columns = Columns[block];
        CriteoRowBlock rows = Rows[block];
        Span<float> labels = columns.Labels.Floats;
        for (int row = 0; row < rows.Rows; row++)
        {
            labels[row] = rows.Labels[row];
        }

        for (int feature = 0; feature < CriteoColumns.Dense; feature++)
        {
            Span<float> column = columns.Dense[feature].Floats[..rows.Rows];
            int at = feature;
            for (int row = 0; row < column.Length; row++)
            {
                column[row] = LogarithmOfOnePlus.Of(rows.Dense[at]);
                at += CriteoColumns.Dense;
            }
        }
    }

    private readonly struct ParseWork(CriteoColumnRound round, bool stopAtBadLine) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            if (worker < round.Count)
            {
                CriteoBlockParser.Parse(round._blocks[worker]!, round.Rows[worker], stopAtBadLine, round._set);
            }
        }
    }

    private struct EncodeWork(CriteoColumnRound round) : IParallelWork
    {
        private int _next;

        public void Execute(int worker, int workers)
        {
            // Columns differ in cost by the size of their vocabularies: whoever is free takes the next piece.
            for (int piece; (piece = Interlocked.Increment(ref _next) - 1) < CriteoColumns.Categorical + round.Count;)
            {
                if (piece < CriteoColumns.Categorical)
                {
                    round.EncodeCategory(piece);
                }
                else
                {
                    round.EncodeNumbers(piece - CriteoColumns.Categorical);
                }
            }
        }
    }
}
