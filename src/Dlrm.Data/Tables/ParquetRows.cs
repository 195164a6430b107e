using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Dlrm.Data.Tables;

/// <summary>Reads Parquet files.</summary>
internal static class ParquetRows
{
    /// <summary>Rows, a row group at a time.</summary>
    public static IEnumerable<TableRows> Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        ParquetReader reader = ParquetReader.CreateAsync(file, leaveStreamOpen: true).GetAwaiter().GetResult();
        try
        {
            DataField[] fields = reader.Schema.GetDataFields();
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
                var columns = new TableColumn[fields.Length];
                for (int column = 0; column < fields.Length; column++)
                {
                    using RawColumnData data = rows.ReadRawColumnDataBaseAsync(fields[column]).AsTask().GetAwaiter().GetResult();
                    columns[column] = Column(path, fields[column], data);
                    if (columns[column].Rows != rows.RowCount)
                    {
                        throw new BadDataException(
                            path, $"column '{fields[column].Path.FirstPart}' has {columns[column].Rows} values in {rows.RowCount} rows: nested columns other than lists are not read here.");
                    }
                }

                yield return new TableRows(checked((int)rows.RowCount), columns);
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static TableColumn Column(string path, DataField field, RawColumnData data)
    {
        string name = field.Path.FirstPart ?? field.Name;
        return data switch
        {
            RawColumnData<ReadOnlyMemory<char>> texts => Fill(name, field, texts.Values, data),
            RawColumnData<ReadOnlyMemory<byte>> bytes => Fill(name, field, bytes.Values, data),
            RawColumnData<int> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<long> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<float> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<double> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<bool> truths => Fill(name, field, truths.Values, data),
            RawColumnData<byte> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<sbyte> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<short> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<ushort> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<uint> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<ulong> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<decimal> numbers => Fill(name, field, numbers.Values, data),
            RawColumnData<DateTime> dates => Fill(name, field, dates.Values, data),
            _ => throw new BadDataException(
                path, $"column '{name}' holds {field.ClrType.Name}, which is not read here: write it as text, a number, a date or a list of these."),
        };
    }

    /// <summary>Values are those that are there; levels tell where none is, and where a list ends.</summary>
    private static TableColumn Fill<T>(string name, DataField field, ReadOnlySpan<T> values, RawColumnData data)
    {
        var column = new TableColumn(name);
        ReadOnlySpan<int> definitions = field.MaxDefinitionLevel > 0 ? data.DefinitionLevels : default;
        ReadOnlySpan<int> repetitions = field.MaxRepetitionLevel > 0 ? data.RepetitionLevels : default;
        int places = definitions.IsEmpty ? values.Length : definitions.Length;
        int used = 0;
        for (int place = 0; place < places; place++)
        {
            if (place > 0 && (repetitions.IsEmpty || repetitions[place] == 0))
            {
                column.EndRow();
            }

            if (definitions.IsEmpty || definitions[place] == field.MaxDefinitionLevel)
            {
                column.Add(values[used++]);
            }
        }

        if (places > 0)
        {
            column.EndRow();
        }

        return column;
    }
}
