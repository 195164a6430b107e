using System.Runtime.InteropServices;
using Apache.Arrow;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <summary>Writes the spooled rows, encoded, to the files of their parts.</summary>
internal sealed class RowEncoding : IDisposable
{
    private readonly SpoolReader _reader;
    private readonly SplitAssigner _split;
    private readonly Fit _fit;
    private readonly DataSchema _schema;
    private readonly RowBuffers[][] _encoded;
    private readonly int[] _denseColumn;
    private readonly long[][] _unknown;
    private readonly long[] _unknownBefore;
    private readonly long[] _rowsBefore;
    private readonly List<long[]> _firstRows = [];
    private readonly List<int>[][] _rowsOfPart;

    /// <summary>Prepares the writers, and takes up the files that an earlier process finished.</summary>
    public RowEncoding(
        PreprocessOptions options, string folder, Fit fit, SplitAssigner split, SpoolReader reader, Journal<SpoolPiece> journal)
    {
        DataSchema schema = options.Schema;
        _reader = reader;
        _split = split;
        _fit = fit;
        _schema = schema;
        bool[] bags = [.. schema.Sparse.Select(column => column.Separator is not null)];
        RowBuffers New() => new(fit.Dense.Count, bags, schema.Weight is not null, schema.Group is not null);
        Schema arrow = RowFileWriter.MakeSchema(
            fit.Dense.Select(feature => feature.Name), schema.Sparse.Select((column, table) => (column.Column, bags[table])),
            schema.Weight is not null, schema.Group is not null);
        Parts =
        [
            .. split.PartNames.Select((name, part) => new PartWriter(folder, name, arrow, New())
            {
                FileBytes = options.FileBytes,
                RowsPerBatch = options.BatchRows,
                FileEnded = file => journal.Add(new EncodedFile(part, file)),
            }),
        ];
        _encoded = [.. reader.Blocks.Select(_ => Parts.Select(_ => New()).ToArray())];
        _rowsOfPart = [.. reader.Blocks.Select(_ => Parts.Select(_ => new List<int>()).ToArray())];
        _denseColumn = [.. fit.Dense.Select(feature => IndexOf(schema, feature))];
        _unknown = [.. reader.Blocks.Select(_ => new long[schema.Sparse.Count])];
        _unknownBefore = new long[schema.Sparse.Count];
        foreach (EncodedFile encoded in journal.Encoded)
        {
            using var file = new RowFile(Path.Combine(folder, encoded.File.Name), arrow);
            Parts[encoded.Part].Restore(encoded.File, file);
            CountUnknown(file);
        }

        _rowsBefore = [.. Parts.Select(part => part.Rows)];
    }

    /// <summary>The writers, by part.</summary>
    public IReadOnlyList<PartWriter> Parts { get; }

    /// <summary>(T): values of all rows that have no index of their own.</summary>
    public long[] OutOfVocabulary =>
        [.. Enumerable.Range(0, _schema.Sparse.Count).Select(column => _unknownBefore[column] + _unknown.Sum(counts => counts[column]))];

    /// <summary>Reads what is left of the spool once and writes.</summary>
    /// <param name="progress">Told the rows done after each round.</param>
    public void Run(Action<long> progress)
    {
        _reader.Run(FirstBlock(), _fit.LoadIndices, EncodeBlock, () =>
        {
            for (int block = 0; block < _reader.Count; block++)
            {
                for (int part = 0; part < Parts.Count; part++)
                {
                    Parts[part].Append(_encoded[block][part]);
                }
            }

            progress(Parts.Sum(part => part.Rows));
        });
        foreach (PartWriter part in Parts)
        {
            part.Complete();
        }
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (PartWriter part in Parts)
        {
            part.Dispose();
        }
    }

    private static int IndexOf(DataSchema schema, DenseFeature feature)
    {
        for (int column = 0; column < schema.Dense.Count; column++)
        {
            if (schema.Dense[column].Column == feature.Column)
            {
                return column;
            }
        }

        return -1;
    }

    /// <summary>Adds up the values of a finished file that have no index of their own: those with index 0.</summary>
    private void CountUnknown(RowFile file)
    {
        foreach (RowFile.Piece piece in file.Pieces)
        {
            for (int table = 0; table < _schema.Sparse.Count; table++)
            {
                if (_schema.Sparse[table].Hash == 0)
                {
                    int column = 1 + _denseColumn.Length + table;
                    _unknownBefore[table] += _schema.Sparse[table].Separator is null
                        ? piece.Column<int>(column, 0, piece.Rows).Count(0)
                        : piece.ItemsOf(column, 0, piece.Offsets(column, 0, piece.Rows)[^1]).Count(0);
                }
            }
        }
    }

    /// <summary>Notes the rows of each part before each block, and gives the first block with a row that is in no finished file.</summary>
    private int FirstBlock()
    {
        var rows = new long[Parts.Count];
        int first = _fit.PartRows.Length;
        for (int block = 0; block < _fit.PartRows.Length; block++)
        {
            _firstRows.Add([.. rows]);
            for (int part = 0; part < rows.Length; part++)
            {
                rows[part] += _fit.PartRows[block][part];
                first = rows[part] > _rowsBefore[part] ? Math.Min(first, block) : first;
            }
        }

        return first;
    }

    /// <summary>Part by part and column by column: what is written lies together, and is looked up once a column.</summary>
    private void EncodeBlock(int index)
    {
        RawBlock block = _reader.Blocks[index];
        List<int>[] rows = _rowsOfPart[index];
        foreach (List<int> part in rows)
        {
            part.Clear();
        }

        long[] next = _firstRows[_reader.First + index];
        for (int row = 0; row < block.Rows; row++)
        {
            int part = _split.PartOf(block, row, _reader.Place(index));
            if (next[part]++ >= _rowsBefore[part])
            {
                rows[part].Add(row);
            }
        }

        for (int part = 0; part < rows.Length; part++)
        {
            Encode(block, CollectionsMarshal.AsSpan(rows[part]), _encoded[index][part], _unknown[index]);
        }
    }

    private void Encode(RawBlock block, ReadOnlySpan<int> rows, RowBuffers target, long[] unknown)
    {
        target.Rows = rows.Length;
        target.Reserve(rows.Length);
        Take(block.Labels, rows, target.Labels.Floats);
        for (int feature = 0; feature < _denseColumn.Length; feature++)
        {
            DenseFeature how = _fit.Dense[feature];
            double[]? raw = _denseColumn[feature] < 0 ? null : block.Dense[_denseColumn[feature]];
            Span<float> values = target.Dense[feature].Floats;
            for (int at = 0; at < rows.Length; at++)
            {
                values[at] = DenseEncoder.Encode(how, raw is null ? 1 : raw[rows[at]]);
            }
        }

        for (int column = 0; column < _schema.Sparse.Count; column++)
        {
            RawBlock.TokenColumn tokens = block.Tokens[column];
            unknown[column] += tokens.Offsets is null
                ? EncodeSingle(tokens.Ids, rows, _fit.Indices[column], target.Sparse[column].Ints)
                : EncodeBags(tokens, tokens.Offsets, rows, _fit.Indices[column], target, column);
        }

        if (target.Weights is { } weights)
        {
            Take(block.Weights!, rows, weights.Floats);
        }

        if (target.Groups is { } groups)
        {
            Take(block.Groups!, rows, groups.Longs);
        }
    }

    private static void Take<T>(ReadOnlySpan<T> from, ReadOnlySpan<int> rows, Span<T> to)
    {
        for (int at = 0; at < rows.Length; at++)
        {
            to[at] = from[rows[at]];
        }
    }

    /// <summary>One value a row.</summary>
    /// <returns>How many have no index of their own.</returns>
    private static int EncodeSingle(ReadOnlySpan<int> ids, ReadOnlySpan<int> rows, int[]? indices, Span<int> values)
    {
        if (indices is null)
        {
            Take(ids, rows, values);
            return 0;
        }

        int unknown = 0;
        for (int at = 0; at < rows.Length; at++)
        {
            int index = indices[ids[rows[at]]];
            values[at] = index;
            unknown += index == 0 ? 1 : 0;
        }

        return unknown;
    }

    /// <summary>Bags.</summary>
    /// <returns>How many values have no index of their own.</returns>
    private static int EncodeBags(
        RawBlock.TokenColumn tokens, int[] offsets, ReadOnlySpan<int> rows, int[]? indices, RowBuffers target, int column)
    {
        int unknown = 0;
        int used = 0;
        target.Offsets[column]!.Ints[0] = 0;
        for (int at = 0; at < rows.Length; at++)
        {
            ReadOnlySpan<int> ids = tokens.Ids.AsSpan(offsets[rows[at]]..offsets[rows[at] + 1]);
            target.Sparse[column].Reserve(used + ids.Length);
            Span<int> values = target.Sparse[column].Ints[used..];
            for (int value = 0; value < ids.Length; value++)
            {
                values[value] = indices is null ? ids[value] : indices[ids[value]];
                unknown += indices is not null && values[value] == 0 ? 1 : 0;
            }

            used += ids.Length;
            target.Offsets[column]!.Ints[at + 1] = used;
        }

        return unknown;
    }
}
