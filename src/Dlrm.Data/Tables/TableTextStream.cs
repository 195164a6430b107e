using System.Buffers;
using Dlrm.Data.Lines;
using Dlrm.Memory;

namespace Dlrm.Data.Tables;

/// <summary>
/// A table of a Parquet or Arrow file as the delimited text that a person would have exported: a header, then rows, commas
/// between, double quotes where they are needed. So tables go the way of text, with its schema, splits and messages.
/// </summary>
/// <remarks>A missing value is the empty text, true is 1, a list's items stand with <c>|</c> between them.</remarks>
internal sealed class TableTextStream : ForwardStream
{
    /// <summary>Between the items of a list.</summary>
    public const byte ListSeparator = (byte)'|';

    private const int RowsAtATime = 4096;

    private readonly string _path;
    private readonly IEnumerator<TableRows> _groups;
    private readonly ArrayBufferWriter<byte> _text = new();
    private int _given;
    private TableRows? _group;
    private int _row;

    /// <summary>Opens a file.</summary>
    /// <param name="path">A Parquet or Arrow file.</param>
    /// <param name="format">Which.</param>
    /// <exception cref="BadDataException">It is damaged.</exception>
    public TableTextStream(string path, TextFormat format)
    {
        _path = path;
        _groups = (format == TextFormat.Parquet ? ParquetRows.Read(path) : ArrowRows.Read(path)).GetEnumerator();
        if (Next())
        {
            WriteRow(_group!.Columns, column => column.Name);
        }
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        while (_given == _text.WrittenCount)
        {
            _text.ResetWrittenCount();
            _given = 0;
            if (_group is null || (_row == _group.Rows && !Next()))
            {
                return 0;
            }

            int end = Math.Min(_row + RowsAtATime, _group.Rows);
            for (; _row < end; _row++)
            {
                int row = _row;
                WriteRow(_group.Columns, column => column.Text(row));
            }
        }

        int count = Math.Min(buffer.Length, _text.WrittenCount - _given);
        _text.WrittenSpan.Slice(_given, count).CopyTo(buffer);
        _given += count;
        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _groups.Dispose();
        }

        base.Dispose(disposing);
    }

    private delegate ReadOnlySpan<byte> FieldOf(TableColumn column);

    private bool Next()
    {
        try
        {
            _group = _groups.MoveNext() ? _groups.Current : null;
        }
        catch (Exception exception) when (exception is not BadDataException)
        {
            // Out of memory too: a damaged length asks for more than there can be.
            throw new BadDataException(
                _path, $"the table is damaged or not complete ({exception.Message.TrimEnd('.')}). Fetch the file again.", exception);
        }

        _row = 0;
        return _group is not null;
    }

    private void WriteRow(IReadOnlyList<TableColumn> columns, FieldOf field)
    {
        for (int column = 0; column < columns.Count; column++)
        {
            if (column > 0)
            {
                _text.Write(","u8);
            }

            ReadOnlySpan<byte> text = field(columns[column]);
            if (text.IndexOfAny(",\"\n\r"u8) < 0)
            {
                _text.Write(text);
                continue;
            }

            _text.Write("\""u8);
            for (int quote; (quote = text.IndexOf((byte)'"')) >= 0; text = text[(quote + 1)..])
            {
                _text.Write(text[..(quote + 1)]);
                _text.Write("\""u8);
            }

            _text.Write(text);
            _text.Write("\""u8);
        }

        _text.Write("\n"u8);
    }
}
