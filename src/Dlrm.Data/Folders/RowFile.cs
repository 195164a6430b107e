using System.Buffers;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Dlrm.Memory;

namespace Dlrm.Data.Folders;

/// <summary>A file of rows, mapped: where each column of each record batch lies. Nothing is copied or decoded.</summary>
internal sealed class RowFile : IDisposable
{
    private readonly MappedFile _file;
    private readonly List<Piece> _pieces = [];

    /// <summary>Opens a file that <see cref="RowFileWriter"/> wrote.</summary>
    /// <exception cref="BadDataException">It is not such a file, or has other columns.</exception>
    public RowFile(string path, Schema expected)
    {
        _file = new MappedFile(path);
        try
        {
            Read(path, expected);
        }
        catch (Exception exception) when (exception is not BadDataException)
        {
            ((IDisposable)_file).Dispose();
            throw new BadDataException(
                path, $"is not a whole Arrow file of this data set ({exception.Message.TrimEnd('.')}): make the data set again.", exception);
        }
        catch
        {
            ((IDisposable)_file).Dispose();
            throw;
        }
    }

    /// <summary>Rows of the file.</summary>
    public long Rows { get; private set; }

    /// <summary>Its record batches.</summary>
    public IReadOnlyList<Piece> Pieces => _pieces;

    /// <summary>Elements in place.</summary>
    /// <param name="start">First byte.</param>
    /// <param name="count">Elements.</param>
    public ReadOnlySpan<T> Values<T>(int start, int count)
        where T : unmanaged
        => MemoryMarshal.Cast<byte, T>(_file.GetSpan().Slice(start, count * Marshal.SizeOf<T>()));

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => ((IDisposable)_file).Dispose();

    private void Read(string path, Schema expected)
    {
        if (!_file.GetSpan().StartsWith("ARROW1"u8) || !_file.GetSpan().EndsWith("ARROW1"u8))
        {
            throw new BadDataException(path, "does not begin and end like an Arrow file; make the data set again.");
        }

        using var reader = new ArrowStreamReader(_file.Memory[8..]);
        RequireColumns(path, reader.Schema, expected);
        while (reader.ReadNextRecordBatch() is { } batch)
        {
            var starts = new int[batch.ColumnCount];
            var items = new int[batch.ColumnCount];
            for (int column = 0; column < starts.Length; column++)
            {
                ArrayData data = batch.Column(column).Data;
                starts[column] = Start(data.Buffers[1]);
                items[column] = data.DataType is ListType ? Start(data.Children[0].Buffers[1]) : 0;
            }

            _pieces.Add(new Piece(this, batch.Length, starts, items));
            Rows += batch.Length;
        }
    }

    private int Start(ArrowBuffer buffer) =>
        buffer.Length == 0 ? 0
        : MemoryMarshal.TryGetMemoryManager(buffer.Memory, out MemoryManager<byte>? manager, out int start, out _) && manager == _file
            ? start
            : throw new InvalidDataException("a column is compressed");

    private static void RequireColumns(string path, Schema found, Schema expected)
    {
        static string Text(Field field) => $"{field.Name} {field.DataType.Name}";
        if (!found.FieldsList.Select(Text).SequenceEqual(expected.FieldsList.Select(Text)))
        {
            throw new BadDataException(
                path,
                $"has the columns {string.Join(", ", found.FieldsList.Select(Text))}; dataset.json says "
                + $"{string.Join(", ", expected.FieldsList.Select(Text))}. Make the data set again.");
        }
    }

    /// <summary>A record batch.</summary>
    /// <param name="File">The file it lies in.</param>
    /// <param name="Rows">Its rows.</param>
    /// <param name="Starts">By column, where its values begin, or its offsets if it holds lists.</param>
    /// <param name="Items">By column, where the items of its lists begin.</param>
    internal sealed record Piece(RowFile File, int Rows, int[] Starts, int[] Items)
    {
        /// <summary>Values of a column.</summary>
        public ReadOnlySpan<T> Column<T>(int column, int first, int count)
            where T : unmanaged
            => File.Values<T>(Starts[column] + (first * Marshal.SizeOf<T>()), count);

        /// <summary>Offsets of a column of lists: one more than rows.</summary>
        public ReadOnlySpan<int> Offsets(int column, int first, int count) =>
            File.Values<int>(Starts[column] + (first * sizeof(int)), count + 1);

        /// <summary>Items of a column of lists.</summary>
        public ReadOnlySpan<int> ItemsOf(int column, int first, int count) =>
            File.Values<int>(Items[column] + (first * sizeof(int)), count);
    }
}
