using Dlrm.Data;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Dlrm.MLNet;

/// <summary>Reads the row that a cursor stands on into a place of a batch.</summary>
internal sealed class RowReader
{
    private readonly Action<Batch, int>[] _dense;
    private readonly Action<Batch, int>[] _categorical;
    private readonly DataViewRow _row;

    /// <summary>Binds to a cursor or row, in which the columns must be active.</summary>
    public RowReader(DataViewRow row, InputColumns columns)
    {
        _row = row;
        int position = 0;
        _dense = new Action<Batch, int>[columns.Dense.Count];
        for (int i = 0; i < _dense.Length; i++)
        {
            _dense[i] = Dense(InputColumns.Find(row.Schema, columns.Dense[i].Name), position);
            position += columns.Dense[i].Size;
        }

        _categorical = new Action<Batch, int>[columns.Categorical.Count];
        for (int table = 0; table < _categorical.Length; table++)
        {
            _categorical[table] = Categorical(InputColumns.Find(row.Schema, columns.Categorical[table].Name), table);
        }

        HasDense = position > 0;
    }

    private bool HasDense { get; }

    /// <summary>Writes the row's features.</summary>
    /// <param name="batch">Resized already; the samples before <paramref name="sample"/> are complete.</param>
    /// <param name="sample">Which sample.</param>
    /// <exception cref="InvalidDataException">A dense value is not finite; the message names column and row.</exception>
    public void Read(Batch batch, int sample)
    {
        if (!HasDense)
        {
            batch.Dense[sample] = 0;
        }

        foreach (Action<Batch, int> read in _dense)
        {
            read(batch, sample);
        }

        foreach (Action<Batch, int> read in _categorical)
        {
            read(batch, sample);
        }
    }

    private Action<Batch, int> Dense(DataViewSchema.Column column, int position)
    {
        if (column.Type is not VectorDataViewType)
        {
            ValueGetter<float> get = _row.GetGetter<float>(column);
            return (batch, sample) =>
            {
                float value = 0;
                get(ref value);
                batch.Dense[(sample * batch.DenseFeatures) + position] = Finite(value, column);
            };
        }

        ValueGetter<VBuffer<float>> getVector = _row.GetGetter<VBuffer<float>>(column);
        VBuffer<float> buffer = default;
        return (batch, sample) =>
        {
            getVector(ref buffer);
            Span<float> target = batch.Dense.Slice((sample * batch.DenseFeatures) + position, buffer.Length);
            target.Clear();
            foreach ((int index, float value) in buffer.Items())
            {
                target[index] = Finite(value, column);
            }
        };
    }

    private Action<Batch, int> Categorical(DataViewSchema.Column column, int table)
    {
        DataViewType item = column.Type is VectorDataViewType vector ? vector.ItemType : column.Type;
        bool isVector = column.Type is VectorDataViewType;
        return Type.GetTypeCode(item.RawType) switch
        {
            TypeCode.Byte => Keys<byte>(column, table, isVector, value => value),
            TypeCode.UInt16 => Keys<ushort>(column, table, isVector, value => value),
            TypeCode.UInt32 => Keys<uint>(column, table, isVector, value => (int)value),
            _ => Keys<ulong>(column, table, isVector, value => (int)value),
        };
    }

    private Action<Batch, int> Keys<T>(DataViewSchema.Column column, int table, bool isVector, Func<T, int> row)
    {
        if (!isVector)
        {
            ValueGetter<T> get = _row.GetGetter<T>(column);
            T key = default!;
            return (batch, sample) =>
            {
                get(ref key);
                int start = batch.Offsets(table)[sample];
                batch.ReserveIndices(table, start + 1)[start] = row(key);
                batch.Offsets(table)[sample + 1] = start + 1;
            };
        }

        ValueGetter<VBuffer<T>> getVector = _row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> buffer = default;
        return (batch, sample) =>
        {
            getVector(ref buffer);
            int end = batch.Offsets(table)[sample];
            Span<int> indices = batch.ReserveIndices(table, end + buffer.GetValues().Length);
            foreach (T key in buffer.GetValues())
            {
                if (row(key) > 0)
                {
                    indices[end++] = row(key);
                }
            }

            batch.Offsets(table)[sample + 1] = end;
        };
    }

    private float Finite(float value, DataViewSchema.Column column) => float.IsFinite(value)
        ? value
        : throw new InvalidDataException(
            $"Row {_row.Position} of column '{column.Name}' is {value}; dense features must be finite: append "
            + "ReplaceMissingValues (and IndicateMissingValues, to learn from what is missing) to the pipeline before the trainer.");
}
