using System.Globalization;
using System.Text;

namespace Dlrm.Data.Records;

/// <summary>The text of one value, as it stands in a cell: the same for training and for scoring. Used again and again.</summary>
internal sealed class FieldText
{
    private const int LongestNumber = 40;

    private byte[] _bytes = new byte[256];
    private int _length;

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Append(ReadOnlySpan<char> text) =>
        _length += Encoding.UTF8.GetBytes(text, Room(Encoding.UTF8.GetMaxByteCount(text.Length)));

    public void Append(byte letter)
    {
        Room(1)[0] = letter;
        _length++;
    }

    /// <summary>A number in its shortest form that reads as the same number.</summary>
    public void AppendNumber<TNumber>(TNumber value)
        where TNumber : IUtf8SpanFormattable
    {
        value.TryFormat(Room(LongestNumber), out int written, "", CultureInfo.InvariantCulture);
        _length += written;
    }

    private Span<byte> Room(int length)
    {
        if (_bytes.Length - _length < length)
        {
            Array.Resize(ref _bytes, Math.Max(_length + length, 2 * _bytes.Length));
        }

        return _bytes.AsSpan(_length);
    }
}
