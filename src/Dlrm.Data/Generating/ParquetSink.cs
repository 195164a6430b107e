using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Parquet;
using Parquet.Schema;

namespace Dlrm.Data.Generating;

/// <summary>Parquet: <c>label</c> and numbers int32, missing ones null, categories int64; 131,072 rows a row group.</summary>
internal sealed class ParquetSink : FileSink
{
    private const int GroupRows = 1 << 17;

    private readonly PlantedModel _model;
    private readonly DataField<int> _label = new(CriteoColumns.Names[0]);
    private readonly DataField<int?>[] _dense =
        [.. CriteoColumns.Names.Skip(1).Take(CriteoColumns.Dense).Select(name => new DataField<int?>(name))];

    private readonly DataField<long>[] _sparse =
        [.. CriteoColumns.Names.Skip(1 + CriteoColumns.Dense).Select(name => new DataField<long>(name))];

    private readonly int[] _labels = new int[GroupRows];
    private readonly int?[][] _numbers = [.. Enumerable.Range(0, CriteoColumns.Dense).Select(_ => new int?[GroupRows])];
    private readonly long[][] _values = [.. Enumerable.Range(0, CriteoColumns.Categorical).Select(_ => new long[GroupRows])];
    private readonly ParquetWriter _writer;
    private int _rows;
    private bool _ended;

    /// <summary>Starts the file.</summary>
    public ParquetSink(string path, PlantedModel model)
        : base(path)
    {
        _model = model;
        _writer = ParquetWriter.CreateAsync(new ParquetSchema([_label, .. _dense, .. _sparse]), Stream).GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    protected override string Schema => GeneratedSchema.Of(_model.TableRows, SparseType.Integer).ToJson();

    /// <inheritdoc/>
    public override void Prepare(GeneratedBlock block)
    {
    }

    /// <inheritdoc/>
    public override void Write(GeneratedBlock block)
    {
        for (int row = 0; row < block.Rows; row++)
        {
            _labels[_rows] = block.Labels[row];
            for (int number = 0; number < _numbers.Length; number++)
            {
                int value = block.Dense[(row * CriteoColumns.Dense) + number];
                _numbers[number][_rows] = value == CriteoColumns.Missing ? null : value;
            }

            for (int table = 0; table < _values.Length; table++)
            {
                _values[table][_rows] = _model.Value(table, block.Ranks[(row * CriteoColumns.Categorical) + table]);
            }

            if (++_rows == GroupRows)
            {
                Flush();
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (!_ended)
        {
            _ended = true;
            _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        base.Dispose();
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_rows > 0)
        {
            Flush();
        }

        _ended = true;
        _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private void Flush()
    {
        FlushAsync().GetAwaiter().GetResult();
        _rows = 0;
    }

    private async Task FlushAsync()
    {
        using ParquetRowGroupWriter group = _writer.CreateRowGroup();
        await group.WriteAsync<int>(_label, _labels.AsMemory(0, _rows)).ConfigureAwait(false);
        for (int number = 0; number < _dense.Length; number++)
        {
            await group.WriteAsync<int>(_dense[number], _numbers[number].AsMemory(0, _rows)).ConfigureAwait(false);
        }

        for (int table = 0; table < _sparse.Length; table++)
        {
            await group.WriteAsync<long>(_sparse[table], _values[table].AsMemory(0, _rows)).ConfigureAwait(false);
        }
    }
}
