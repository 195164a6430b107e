using System.Runtime.CompilerServices;

namespace Dlrm.Data.Folders;

/// <summary>The rows of a part of a data set, in order, where they lie in the mapped files.</summary>
internal sealed class SplitRows
{
    /// <summary>Rows transposed at a time: few enough to stay in the first-level cache.</summary>
    private const int Tile = 64;

    private readonly List<Run> _runs = [];
    private readonly bool _weighted;

    /// <summary>Finds the rows.</summary>
    public SplitRows(DataSetFolder folder, SplitEntry split, IReadOnlyList<RowFile> files)
    {
        Folder = folder;
        Name = split.Name;
        DataSetDescription description = folder.Description;
        DenseFeatures = description.Dense.Count;
        Bags = [.. description.Sparse.Select(feature => feature.IsBag)];
        _weighted = description.Weight is not null;
        foreach (SplitSegment segment in split.Segments)
        {
            long start = 0;
            foreach (RowFile.Piece piece in files[segment.File].Pieces)
            {
                long first = Math.Max(segment.Start, start);
                long end = Math.Min(segment.Start + segment.Rows, start + piece.Rows);
                if (end > first)
                {
                    _runs.Add(new Run(piece, (int)(first - start), (int)(end - first), Count));
                    Count += end - first;
                }

                start += piece.Rows;
            }
        }
    }

    /// <summary>The data set.</summary>
    public DataSetFolder Folder { get; }

    /// <summary>The part's name.</summary>
    public string Name { get; }

    /// <summary>Rows.</summary>
    public long Count { get; }

    /// <summary>M.</summary>
    public int DenseFeatures { get; }

    /// <summary>(T): whether a feature has bags.</summary>
    public bool[] Bags { get; }

    /// <summary>True when rows have weights.</summary>
    public bool Weighted => _weighted;

    /// <summary>True when rows have groups.</summary>
    public bool Grouped => Folder.Description.Group is not null;

    /// <summary>Column of the weights.</summary>
    private int WeightColumn => 1 + DenseFeatures + Bags.Length;

    /// <summary>Fills a batch with rows that follow each other.</summary>
    /// <param name="first">First row of the part.</param>
    /// <param name="batch">Its size is set already; everything else is written.</param>
    public void Read(long first, Batch batch)
    {
        for (int table = 0; table < Bags.Length; table++)
        {
            batch.Offsets(table)[0] = 0;
            if (!Bags[table])
            {
                batch.ReserveIndices(table, batch.Size);
            }
        }

        int done = 0;
        for (int run = Find(first); done < batch.Size; run++)
        {
            Run piece = _runs[run];
            int start = piece.Start + (int)(first + done - piece.First);
            int count = (int)Math.Min(batch.Size - done, piece.First + piece.Count - first - done);
            Copy(piece.Piece, start, count, batch, done);
            done += count;
        }
    }

    /// <summary>Copies rows to a window, row by row in memory.</summary>
    public void Read(long first, int count, RowWindow window)
    {
        int done = 0;
        for (int run = Find(first); done < count; run++)
        {
            Run piece = _runs[run];
            int start = piece.Start + (int)(first + done - piece.First);
            int rows = (int)Math.Min(count - done, piece.First + piece.Count - first - done);
            window.Append(piece.Piece, start, rows);
            done += rows;
        }
    }

    /// <summary>Groups of rows that follow each other.</summary>
    public void ReadGroups(long first, Span<long> groups)
    {
        int column = WeightColumn + (_weighted ? 1 : 0);
        int done = 0;
        for (int run = Find(first); done < groups.Length; run++)
        {
            Run piece = _runs[run];
            int start = piece.Start + (int)(first + done - piece.First);
            int count = (int)Math.Min(groups.Length - done, piece.First + piece.Count - first - done);
            piece.Piece.Column<long>(column, start, count).CopyTo(groups[done..]);
            done += count;
        }
    }

    private int Find(long row)
    {
        int low = 0;
        int high = _runs.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = _runs[middle].First <= row ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Copy(RowFile.Piece piece, int start, int count, Batch batch, int at)
    {
        piece.Column<float>(0, start, count).CopyTo(batch.Labels[at..]);
        CopyDense(piece, start, count, batch.Dense[(at * DenseFeatures)..]);
        for (int table = 0; table < Bags.Length; table++)
        {
            int column = 1 + DenseFeatures + table;
            Span<int> offsets = batch.Offsets(table);
            if (Bags[table])
            {
                CopyBags(piece, column, start, count, batch, table, at);
                continue;
            }

            for (int sample = at; sample < at + count; sample++)
            {
                offsets[sample + 1] = sample + 1;
            }

            piece.Column<int>(column, start, count).CopyTo(batch.ReserveIndices(table, batch.Size)[at..]);
        }

        if (_weighted)
        {
            piece.Column<float>(WeightColumn, start, count).CopyTo(batch.Weights[at..]);
        }
    }

    private static void CopyBags(RowFile.Piece piece, int column, int start, int count, Batch batch, int table, int at)
    {
        ReadOnlySpan<int> source = piece.Offsets(column, start, count);
        Span<int> offsets = batch.Offsets(table);
        int used = offsets[at];
        int items = source[^1] - source[0];
        piece.ItemsOf(column, source[0], items).CopyTo(batch.ReserveIndices(table, used + items)[used..]);
        for (int sample = 0; sample < count; sample++)
        {
            offsets[at + sample + 1] = used + source[sample + 1] - source[0];
        }
    }

    /// <summary>Columns (M) of (R) to rows (R, M).</summary>
    private void CopyDense(RowFile.Piece piece, int start, int count, Span<float> dense)
    {
        int width = DenseFeatures;
        for (int tile = 0; tile < count; tile += Tile)
        {
            int rows = Math.Min(Tile, count - tile);
            for (int feature = 0; feature < width; feature++)
            {
                ReadOnlySpan<float> column = piece.Column<float>(1 + feature, start + tile, rows);
                int target = (tile * width) + feature;
                foreach (float value in column)
                {
                    dense[target] = value;
                    target += width;
                }
            }
        }
    }

    private readonly record struct Run(RowFile.Piece Piece, int Start, int Count, long First);
}
