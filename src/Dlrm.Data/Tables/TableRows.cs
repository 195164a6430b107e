using System.Buffers;
using System.Globalization;
using System.Text;

namespace Dlrm.Data.Tables;

/// <summary>Rows of a table in columns.</summary>
/// <param name="Rows">How many.</param>
/// <param name="Columns">The columns.</param>
internal sealed record TableRows(int Rows, IReadOnlyList<TableColumn> Columns);

/// <summary>A column of a table as text.</summary>
internal sealed class TableColumn(string name)
{
    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly List<int> _ends = [];
    private readonly byte[] _name = Encoding.UTF8.GetBytes(name);
    private bool _filled;

    /// <summary>Its name.</summary>
    public ReadOnlySpan<byte> Name => _name;

    /// <summary>Rows so far.</summary>
    public int Rows => _ends.Count;

    /// <summary>The text of a row.</summary>
    public ReadOnlySpan<byte> Text(int row) => _text.WrittenSpan[(row == 0 ? 0 : _ends[row - 1]).._ends[row]];

    /// <summary>Adds an item to the row under way; of a list, behind the separator.</summary>
    /// <param name="value">A number, a date, a text or bytes; null for nothing.</param>
    public void Add<T>(T value)
    {
        if (_filled)
        {
            _text.Write([TableTextStream.ListSeparator]);
        }

        _filled = true;
        switch (value)
        {
            case null:
                break;
            case bool truth:
                _text.Write(truth ? "1"u8 : "0"u8);
                break;
            case float number:
                WriteText(float.IsNaN(number) ? "" : number.ToString("R", CultureInfo.InvariantCulture));
                break;
            case double number:
                WriteText(double.IsNaN(number) ? "" : number.ToString("R", CultureInfo.InvariantCulture));
                break;
            case string text:
                WriteText(text);
                break;
            case ReadOnlyMemory<char> text:
                WriteText(text.Span);
                break;
            case ReadOnlyMemory<byte> bytes:
                _text.Write(bytes.Span);
                break;
            case byte[] bytes:
                _text.Write(bytes);
                break;
            case DateTime date:
                WriteText(date.ToString("O", CultureInfo.InvariantCulture));
                break;
            case DateTimeOffset date:
                WriteText(date.ToString("O", CultureInfo.InvariantCulture));
                break;
            default:
                WriteText(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    /// <summary>Ends the row under way.</summary>
    public void EndRow()
    {
        _ends.Add(_text.WrittenCount);
        _filled = false;
    }

    private void WriteText(ReadOnlySpan<char> text)
    {
        Span<byte> target = _text.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        _text.Advance(Encoding.UTF8.GetBytes(text, target));
    }
}
