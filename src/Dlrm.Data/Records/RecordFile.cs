using System.Buffers;
using System.Globalization;
using Dlrm.Data.Lines;

namespace Dlrm.Data.Records;

/// <summary>Plain records as quoted CSV, which the preprocessor reads: the way from memory is the way from any file.</summary>
internal static class RecordFile
{
    private const byte Quote = (byte)'"';

    private static readonly SearchValues<byte> s_special = SearchValues.Create("\"\0"u8);

    /// <summary>Writes records, one after another.</summary>
    /// <param name="path">The file to make.</param>
    /// <param name="schema">What of them.</param>
    /// <param name="records">Read once.</param>
    /// <param name="cancellation">Stops between two records.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="InvalidDataException">A record cannot be; the message says which, from 0, and why.</exception>
    public static long Write<T>(string path, RecordSchema<T> schema, IEnumerable<T> records, CancellationToken cancellation)
    {
        RecordField<T>[] fields = [.. schema.Fields];
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        var row = new ArrayBufferWriter<byte>(1 << 12);
        var text = new FieldText();
        WriteHeader(row, text, schema, fields);
        file.Write(row.WrittenSpan);
        long count = 0;
        foreach (T record in records)
        {
            cancellation.ThrowIfCancellationRequested();
            row.ResetWrittenCount();
            try
            {
                WriteRow(row, text, schema, fields, record);
            }
            catch (ArgumentException exception)
            {
                throw new InvalidDataException(
                    string.Create(CultureInfo.InvariantCulture, $"Record {count}: {exception.Message}"), exception);
            }

            file.Write(row.WrittenSpan);
            count++;
        }

        return count;
    }

    private static void WriteHeader<T>(ArrayBufferWriter<byte> row, FieldText text, RecordSchema<T> schema, RecordField<T>[] fields)
    {
        Cell(row, text, schema.LabelName);
        if (schema.GetWeight is not null)
        {
            Next(row);
            Cell(row, text, schema.WeightName);
        }

        foreach (RecordField<T> field in fields)
        {
            if (field.Dense is not null)
            {
                Next(row);
                Cell(row, text, field.Dense.Column);
            }

            if (field.Sparse is not null)
            {
                Next(row);
                Cell(row, text, field.Sparse.Column);
            }
        }

        Put(row, "\n"u8);
    }

    private static void WriteRow<T>(ArrayBufferWriter<byte> row, FieldText text, RecordSchema<T> schema, RecordField<T>[] fields, T record)
    {
        ArgumentNullException.ThrowIfNull(record);
        float label = schema.GetLabel!(record);
        Require(label is >= 0 and <= 1, $"the label is {label}; it must lie in [0, 1].");
        Number(row, text, label);
        if (schema.GetWeight is not null)
        {
            double weight = schema.GetWeight(record);
            Require(weight is >= 0 and <= float.MaxValue, $"the weight is {weight}; it must be 0 or more, and finite.");
            Next(row);
            Number(row, text, weight);
        }

        foreach (RecordField<T> field in fields)
        {
            text.Clear();
            field.Write(record, text);
            for (int columns = (field.Dense is null ? 0 : 1) + (field.Sparse is null ? 0 : 1); columns > 0; columns--)
            {
                Next(row);
                Cell(row, text.Bytes, field.Name);
            }
        }

        Put(row, "\n"u8);
        Require(
            row.WrittenCount <= TextBlock.Capacity,
            $"its text has {row.WrittenCount} bytes; a record may have {TextBlock.Capacity} at most.");
    }

    private static void Number<TNumber>(ArrayBufferWriter<byte> row, FieldText text, TNumber value)
        where TNumber : IUtf8SpanFormattable
    {
        text.Clear();
        text.AppendNumber(value);
        Put(row, text.Bytes);
    }

    private static void Cell(ArrayBufferWriter<byte> row, FieldText text, string value)
    {
        text.Clear();
        text.Append(value);
        Cell(row, text.Bytes, value);
    }

    /// <summary>A cell in quotes, with those in it doubled.</summary>
    private static void Cell(ArrayBufferWriter<byte> row, ReadOnlySpan<byte> value, string name)
    {
        Put(row, "\""u8);
        while (value.IndexOfAny(s_special) is >= 0 and int special)
        {
            Require(value[special] == Quote, $"'{name}' holds the character U+0000, which data sets cannot: leave it out.");
            Put(row, value[..(special + 1)]);
            Put(row, "\""u8);
            value = value[(special + 1)..];
        }

        Put(row, value);
        Put(row, "\""u8);
    }

    private static void Next(ArrayBufferWriter<byte> row) => Put(row, ","u8);

    private static void Put(ArrayBufferWriter<byte> row, ReadOnlySpan<byte> bytes) => row.Write(bytes);

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ArgumentException(message);
        }
    }
}
