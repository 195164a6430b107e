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

    private void EncodeBlock(int index)
    {
        RawBlock block = _reader.Blocks[index];
        RowBuffers[] parts = _encoded[index];
        foreach (RowBuffers part in parts)
        {
            part.Rows = 0;
            part.Reserve(block.Rows);
        }

        for (int row = 0; row < block.Rows; row++)
        {
            EncodeRow(index, row, parts[_split.PartOf(block, row, _reader.Place(index))]);
        }
    }

    private void EncodeRow(int index, int row, RowBuffers target)
    {
        RawBlock block = _reader.Blocks[index];
        int at = target.Rows++;
        target.Labels.Floats[at] = block.Labels[row];
        for (int feature = 0; feature < _denseColumn.Length; feature++)
        {
            double raw = _denseColumn[feature] < 0 ? 1 : block.Dense[_denseColumn[feature]][row];
            target.Dense[feature].Floats[at] = DenseEncoder.Encode(_fit.Dense[feature], raw);
        }

        for (int column = 0; column < _schema.Sparse.Count; column++)
        {
            EncodeSparse(index, row, column, target, at);
        }

        if (target.Weights is { } weights)
        {
            weights.Floats[at] = block.Weights![row];
        }

        if (target.Groups is { } groups)
        {
            groups.Longs[at] = block.Groups![row];
        }
    }

    private void EncodeSparse(int index, int row, int column, RowBuffers target, int at)
    {
        RawBlock.TokenColumn tokens = _reader.Blocks[index].Tokens[column];
        int[]? indices = _fit.Indices[column];
        long unknown = 0;
        if (tokens.Offsets is null)
        {
            int id = indices is null ? tokens.Ids[row] : indices[tokens.Ids[row]];
            target.Sparse[column].Ints[at] = id;
            unknown = indices is not null && id == 0 ? 1 : 0;
        }
        else
        {
            Span<int> offsets = target.Offsets[column]!.Ints;
            offsets[0] = 0;
            int used = offsets[at];
            int count = tokens.Offsets[row + 1] - tokens.Offsets[row];
            target.Sparse[column].Reserve(used + count);
            Span<int> values = target.Sparse[column].Ints;
            for (int value = tokens.Offsets[row]; value < tokens.Offsets[row + 1]; value++)
            {
                int id = indices is null ? tokens.Ids[value] : indices[tokens.Ids[value]];
                values[used++] = id;
                unknown += indices is not null && id == 0 ? 1 : 0;
            }

            offsets[at + 1] = used;
        }

        _unknown[index][column] += unknown;
    }
}
