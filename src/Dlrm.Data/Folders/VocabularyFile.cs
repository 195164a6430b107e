using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Unicode;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Folders;

/// <summary>A vocabulary's file: Arrow IPC, <c>value</c> (text, or binary where it is not UTF-8) and <c>count</c> int64.</summary>
/// <remarks>
/// Row i is the i-th value that has an index: index i, or i + 1 where index 0 stands for all other values. Counts are of
/// training rows' values.
/// </remarks>
internal static class VocabularyFile
{
    private const int BatchValues = 1 << 16;

    /// <summary>A value by its number; the span need not last.</summary>
    /// <param name="number">0, 1, ….</param>
    public delegate ReadOnlySpan<byte> ValueOf(int number);

    /// <summary>Takes a value; the span does not last.</summary>
    /// <param name="value">Its bytes.</param>
    public delegate void TakeValue(ReadOnlySpan<byte> value);

    /// <summary>Values by their numbers [first, first + length): texts one after the other, their ends, how often each occurs.</summary>
    /// <param name="first">The first number.</param>
    /// <param name="length">How many.</param>
    /// <param name="texts">To be reserved and filled.</param>
    /// <param name="ends">(length): where each text ends.</param>
    /// <param name="counts">(length).</param>
    public delegate void FillValues(int first, int length, ColumnBuffer texts, Span<int> ends, Span<long> counts);

    /// <summary>Writes one.</summary>
    /// <param name="path">A new file.</param>
    /// <param name="count">Values.</param>
    /// <param name="value">Each.</param>
    /// <param name="frequency">How often each occurs.</param>
    /// <returns>XxHash3 of the file, and of the values alone.</returns>
    public static (string File, string Values) Write(string path, int count, ValueOf value, Func<int, long> frequency) =>
        Write(path, count, IsText(count, value) ? StringType.Default : BinaryType.Default, Each(value, frequency));

    /// <summary>Writes one of many values at a time.</summary>
    /// <param name="path">A new file.</param>
    /// <param name="count">Values.</param>
    /// <param name="type">Text, or binary.</param>
    /// <param name="read">Gives the values.</param>
    /// <returns>XxHash3 of the file, and of the values alone.</returns>
    public static (string File, string Values) Write(string path, int count, IArrowType type, FillValues read)
    {
        using var stream = new HashingWriteStream(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16));
        string values = Write(stream, count, type, read);
        stream.FlushToDisk();
        return (stream.Hash.ToString("x16", CultureInfo.InvariantCulture), values);
    }

    /// <summary>Writes one to a stream, which stays open.</summary>
    /// <param name="stream">Written front to back.</param>
    /// <param name="vocabulary">The values.</param>
    public static void Write(Stream stream, FittedVocabulary vocabulary) => Write(
        new HashingWriteStream(stream),
        vocabulary.Count,
        IsText(vocabulary.Count, vocabulary.Value) ? StringType.Default : BinaryType.Default,
        Each(vocabulary.Value, vocabulary.Frequency));

    /// <summary>Values that are asked for one at a time.</summary>
    private static FillValues Each(ValueOf value, Func<int, long> frequency) => (first, length, texts, ends, counts) =>
    {
        int used = 0;
        for (int row = 0; row < length; row++)
        {
            ReadOnlySpan<byte> bytes = value(first + row);
            texts.Reserve(used + bytes.Length, 1);
            bytes.CopyTo(texts.Bytes[used..]);
            used += bytes.Length;
            ends[row] = used;
            counts[row] = frequency(first + row);
        }
    };

    private static string Write(HashingWriteStream stream, int count, IArrowType type, FillValues read)
    {
        var schema = new Schema(
            [new Field("value", type, nullable: false), new Field("count", Int64Type.Default, nullable: false)], null);
        var valuesHash = new XxHash3();
        var texts = new ColumnBuffer();
        var offsets = new ColumnBuffer();
        var counts = new ColumnBuffer();
        offsets.Reserve(Math.Min(count, BatchValues) + 1);
        counts.Reserve(Math.Min(count, BatchValues), sizeof(long));
        using (var writer = new ArrowFileWriter(stream, schema, leaveOpen: true))
        {
            writer.WriteStart();
            for (int first = 0; first < count; first += BatchValues)
            {
                int length = Math.Min(BatchValues, count - first);
                read(first, length, texts, offsets.Ints.Slice(1, length), counts.Longs[..length]);
                int used = offsets.Ints[length];
                ReadOnlyMemory<byte> ends = offsets.Memory((length + 1) * sizeof(int));
                valuesHash.Append(ends.Span);
                valuesHash.Append(texts.Bytes[..used]);
                IArrowArray array = ArrowArrayFactory.BuildArray(new ArrayData(
                    type, length, 0, 0, [ArrowBuffer.Empty, new ArrowBuffer(ends), new ArrowBuffer(texts.Memory(used))]));
                var numbers = new Int64Array(new ArrowBuffer(counts.Memory(length * sizeof(long))), ArrowBuffer.Empty, length, 0, 0);
                writer.WriteRecordBatch(new RecordBatch(schema, [array, numbers], length));
            }

            writer.WriteEnd();
        }

        return valuesHash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture);
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="BadDataException">It is not one.</exception>
    public static (ValueDictionary Values, long[] Counts) Read(Stream stream, string path)
    {
        try
        {
            var values = new ValueDictionary();
            var counts = new List<long>();
            using var reader = new ArrowFileReader(stream, leaveOpen: true);
            while (reader.ReadNextRecordBatch() is { } batch)
            {
                var texts = (BinaryArray)batch.Column(0);
                var numbers = (Int64Array)batch.Column(1);
                for (int row = 0; row < batch.Length; row++)
                {
                    ReadOnlySpan<byte> value = texts.GetBytes(row);
                    values.Add(value, ValueDictionary.Hash(value));
                    counts.Add(numbers.GetValue(row)!.Value);
                }
            }

            return (values, [.. counts]);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new BadDataException(path, $"is not a whole vocabulary ({exception.Message.TrimEnd('.')}).", exception);
        }
    }

    /// <summary>Reads the values alone.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="path">For messages.</param>
    /// <param name="take">Takes each value in turn; what it throws says that the file is not one.</param>
    /// <exception cref="BadDataException">It is not one.</exception>
    public static void ReadValues(Stream stream, string path, TakeValue take)
    {
        try
        {
            using var reader = new ArrowFileReader(stream, leaveOpen: true);
            while (reader.ReadNextRecordBatch() is { } batch)
            {
                var texts = (BinaryArray)batch.Column(0);
                for (int row = 0; row < batch.Length; row++)
                {
                    take(texts.GetBytes(row));
                }
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new BadDataException(path, $"is not a whole vocabulary ({exception.Message.TrimEnd('.')}).", exception);
        }
    }

    private static bool IsText(int count, ValueOf value)
    {
        for (int number = 0; number < count; number++)
        {
            if (!Utf8.IsValid(value(number)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A value as text.</summary>
    public static string Text(ReadOnlySpan<byte> value) =>
        Utf8.IsValid(value) ? Encoding.UTF8.GetString(value) : BadLine.Escape(value);
}
