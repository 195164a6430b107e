using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace Dlrm.Data.Tables;

/// <summary>Reads Arrow IPC files, and streams of the same.</summary>
internal static class ArrowRows
{
    /// <summary>Rows, a record batch at a time.</summary>
    public static IEnumerable<TableRows> Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        using var reader = new ArrowFileReader(file);
        while (reader.ReadNextRecordBatch() is { } batch)
        {
            using (batch)
            {
                yield return new TableRows(
                    batch.Length,
                    [.. batch.Schema.FieldsList.Select((field, column) => Column(path, field.Name, batch.Column(column)))]);
            }
        }
    }

    /// <summary>A column as text.</summary>
    public static TableColumn Column(string path, string name, IArrowArray array)
    {
        var column = new TableColumn(name);
        for (int row = 0; row < array.Length; row++)
        {
            Add(path, name, column, array, row);
            column.EndRow();
        }

        return column;
    }

    private static void Add(string path, string name, TableColumn column, IArrowArray array, int row)
    {
        if (array.IsNull(row))
        {
            return;
        }

        switch (array)
        {
            case ListArray list:
                IArrowArray items = list.GetSlicedValues(row);
                for (int item = 0; item < items.Length; item++)
                {
                    Add(path, name, column, items, item);
                }

                break;
            case DictionaryArray dictionary:
                Add(path, name, column, dictionary.Dictionary, Index(dictionary.Indices, row));
                break;
            case StringArray text:
                column.Add<ReadOnlyMemory<byte>>(text.GetBytes(row).ToArray());
                break;
            case BinaryArray bytes:
                column.Add<ReadOnlyMemory<byte>>(bytes.GetBytes(row).ToArray());
                break;
            case BooleanArray truth:
                column.Add(truth.GetValue(row)!.Value);
                break;
            case Int8Array numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case Int16Array numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case Int32Array numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case Int64Array numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case UInt8Array numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case UInt16Array numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case UInt32Array numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case UInt64Array numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case FloatArray numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case DoubleArray numbers:
                column.Add(numbers.GetValue(row)!.Value);
                break;
            case Date32Array dates:
                column.Add(dates.GetDateTime(row)!.Value);
                break;
            case TimestampArray times:
                column.Add(times.GetTimestamp(row)!.Value);
                break;
            default:
                throw new BadDataException(
                    path, $"column '{name}' has the Arrow type {array.Data.DataType.Name}, which is not read here: write it as text, a number, a date or a list of these.");
        }
    }

    private static int Index(IArrowArray indices, int row) => indices switch
    {
        Int8Array numbers => numbers.GetValue(row)!.Value,
        Int16Array numbers => numbers.GetValue(row)!.Value,
        Int32Array numbers => numbers.GetValue(row)!.Value,
        UInt8Array numbers => numbers.GetValue(row)!.Value,
        UInt16Array numbers => numbers.GetValue(row)!.Value,
        UInt32Array numbers => checked((int)numbers.GetValue(row)!.Value),
        Int64Array numbers => checked((int)numbers.GetValue(row)!.Value),
        _ => throw new InvalidDataException($"a dictionary has indices of type {indices.Data.DataType.Name}"),
    };
}
