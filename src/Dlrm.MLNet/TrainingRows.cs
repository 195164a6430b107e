using Dlrm.Data;
using Dlrm.Random;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Dlrm.MLNet;

/// <summary>The rows of a data view, read once into native memory and dealt out in another order each pass.</summary>
internal sealed class TrainingRows : IBatchSource, IDisposable
{
    private const int ChunkRows = 1 << 14;

    private readonly List<Batch> _chunks = [];
    private readonly int _batchSize;
    private readonly NumpyRandom? _random;
    private readonly InputColumns _columns;
    private readonly bool _weighted;
    private int[] _order = [];
    private int _rows;

    /// <summary>Reads all rows.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="columns">The features.</param>
    /// <param name="options">Label, weight, batch size, seed.</param>
    /// <param name="shuffle">False to keep the order of the view, for validation.</param>
    public TrainingRows(IDataView data, InputColumns columns, DlrmTrainerOptions options, bool shuffle)
    {
        _columns = columns;
        _batchSize = options.BatchSize;
        _weighted = options.WeightColumn is not null;
        _random = shuffle ? new NumpyRandom(options.Seed) : null;
        try
        {
            ReadAll(data, options);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Description => "an ML.NET data view";

    public int DenseFeatures => _columns.DenseFeatures;

    public IReadOnlyList<int> TableRows => _columns.TableRows;

    public int BatchCount => (_rows + _batchSize - 1) / _batchSize;

    public long SampleCount => _rows;

    /// <inheritdoc/>
    public void Read(int index, Batch batch)
    {
        if (index == 0)
        {
            _random?.Shuffle(_order.AsSpan());
        }

        ReadOnlySpan<int> rows = _order.AsSpan(index * _batchSize, Math.Min(_batchSize, _rows - (index * _batchSize)));
        batch.Resize(rows.Length);
        batch.HasWeights = _weighted;
        for (int sample = 0; sample < rows.Length; sample++)
        {
            Copy(_chunks[rows[sample] / ChunkRows], rows[sample] % ChunkRows, batch, sample);
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        foreach (Batch chunk in _chunks)
        {
            chunk.Dispose();
        }
    }

    private static void Copy(Batch from, int row, Batch to, int sample)
    {
        int width = from.DenseFeatures;
        from.Dense.Slice(row * width, width).CopyTo(to.Dense.Slice(sample * width, width));
        to.Labels[sample] = from.Labels[row];
        if (to.HasWeights)
        {
            to.Weights[sample] = from.Weights[row];
        }

        for (int table = 0; table < from.Tables; table++)
        {
            Span<int> bounds = from.Offsets(table).Slice(row, 2);
            int start = to.Offsets(table)[sample];
            int count = bounds[1] - bounds[0];
            from.Indices(table).Slice(bounds[0], count).CopyTo(to.ReserveIndices(table, start + count)[start..]);
            to.Offsets(table)[sample + 1] = start + count;
        }
    }

    private void ReadAll(IDataView data, DlrmTrainerOptions options)
    {
        DataViewSchema.Column label = InputColumns.Find(data.Schema, options.LabelColumn);
        if (label.Type is not BooleanDataViewType)
        {
            throw new ArgumentException($"Label column '{label.Name}' is {label.Type}; it must be Boolean.");
        }

        DataViewSchema.Column? weight = options.WeightColumn is { } name ? InputColumns.Find(data.Schema, name) : null;
        if (weight is { } other && other.Type != NumberDataViewType.Single)
        {
            throw new ArgumentException($"Weight column '{other.Name}' is {other.Type}; it must be Single.");
        }

        IEnumerable<DataViewSchema.Column> active = _columns.In(data.Schema).Append(label);
        using DataViewRowCursor cursor = data.GetRowCursor(weight is { } more ? active.Append(more) : active);
        var reader = new RowReader(cursor, _columns);
        ValueGetter<bool> getLabel = cursor.GetGetter<bool>(label);
        ValueGetter<float>? getWeight = weight is { } column ? cursor.GetGetter<float>(column) : null;
        while (cursor.MoveNext())
        {
            int row = _rows++ % ChunkRows;
            if (row == 0)
            {
                _chunks.Add(new Batch(DenseFeatures, TableRows.Count));
                _chunks[^1].Resize(ChunkRows);
                _chunks[^1].HasWeights = _weighted;
            }

            Batch chunk = _chunks[^1];
            reader.Read(chunk, row);
            bool positive = false;
            getLabel(ref positive);
            chunk.Labels[row] = positive ? 1 : 0;
            if (getWeight is not null)
            {
                getWeight(ref chunk.Weights[row]);
                RequireWeight(chunk.Weights[row], cursor.Position);
            }
        }

        if (_rows == 0)
        {
            throw new ArgumentException("The data view has no rows.");
        }

        int left = _rows - ((_chunks.Count - 1) * ChunkRows);
        _chunks[^1].Resize(left);
        _chunks[^1].HasWeights = _weighted;
        _order = new int[_rows];
        for (int row = 0; row < _rows; row++)
        {
            _order[row] = row;
        }
    }

    private static void RequireWeight(float weight, long row)
    {
        if (!(weight >= 0 && float.IsFinite(weight)))
        {
            throw new InvalidDataException($"Row {row} has weight {weight}; weights must be finite and 0 or more.");
        }
    }
}
