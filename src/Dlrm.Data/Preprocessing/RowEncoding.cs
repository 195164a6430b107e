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
    private readonly List<int>[][] _rowsOfPart;

    /// <summary>Prepares the writers.</summary>
    public RowEncoding(string folder, DataSchema schema, Fit fit, SplitAssigner split, int parts, SpoolReader reader)
    {
        _reader = reader;
        _split = split;
        _fit = fit;
        _schema = schema;
        bool[] bags = [.. schema.Sparse.Select(column => column.Separator is not null)];
        RowBuffers New() => new(fit.Dense.Count, bags, schema.Weight is not null, schema.Group is not null);
        Schema arrow = RowFileWriter.MakeSchema(
            fit.Dense.Select(feature => feature.Name), schema.Sparse.Select((column, table) => (column.Column, bags[table])),
            schema.Weight is not null, schema.Group is not null);
        Parts = [.. SplitRule.Names.Take(parts).Select(name => new PartWriter(folder, name, arrow, New()))];
        _encoded = [.. reader.Blocks.Select(_ => Parts.Select(_ => New()).ToArray())];
        _rowsOfPart = [.. reader.Blocks.Select(_ => Parts.Select(_ => new List<int>()).ToArray())];
        _denseColumn = [.. fit.Dense.Select(feature => IndexOf(schema, feature))];
        _unknown = [.. reader.Blocks.Select(_ => new long[schema.Sparse.Count])];
    }

    /// <summary>The writers, by part.</summary>
    public IReadOnlyList<PartWriter> Parts { get; }

    /// <summary>(T): values of all rows that have no index of their own.</summary>
    public long[] OutOfVocabulary =>
        [.. Enumerable.Range(0, _schema.Sparse.Count).Select(column => _unknown.Sum(counts => counts[column]))];

    /// <summary>Reads the spool once and writes.</summary>
    /// <param name="progress">Told the rows done after each round.</param>
    public void Run(Action<long> progress)
    {
        _reader.Run(_fit.LoadIndices, EncodeBlock, () =>
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

    /// <summary>Part by part and column by column: what is written lies together, and is looked up once a column.</summary>
    private void EncodeBlock(int index)
    {
        RawBlock block = _reader.Blocks[index];
        List<int>[] rows = _rowsOfPart[index];
        foreach (List<int> part in rows)
        {
            part.Clear();
        }

        for (int row = 0; row < block.Rows; row++)
        {
            rows[_split.PartOf(block, row, _reader.Place(index))].Add(row);
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
