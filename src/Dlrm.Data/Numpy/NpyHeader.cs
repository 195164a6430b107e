using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Dlrm.Data.Numpy;

/// <summary>The head of a .npy file: what its numbers are, and how many.</summary>
/// <param name="Type">numpy's name of the element: a byte order, a kind and bytes, e.g. <c>&lt;i4</c>.</param>
/// <param name="Shape">Length of each dimension.</param>
/// <param name="Fortran">True when the first index runs fastest.</param>
/// <remarks>
/// Format: numpy/lib/format.py, versions 1 to 3. Objects, which are pickles, are refused: reading a file never runs what is
/// in it.
/// </remarks>
internal sealed partial record NpyHeader(string Type, IReadOnlyList<long> Shape, bool Fortran)
{
    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, length) => checked(product * length));

    /// <summary>Bytes of an element.</summary>
    public int ElementBytes => int.Parse(Type.AsSpan(2), CultureInfo.InvariantCulture);

    /// <summary>Reads it; the stream stands at the first element then.</summary>
    /// <exception cref="BadDataException">It is not one, or of a type that is not read here.</exception>
    public static NpyHeader Read(Stream stream, string path)
    {
        var head = new byte[8];
        if (stream.ReadAtLeast(head, 8, throwOnEndOfStream: false) < 8 || !head.AsSpan().StartsWith(Magic))
        {
            throw new BadDataException(path, "does not begin like a .npy file.");
        }

        var size = new byte[head[6] == 1 ? 2 : 4];
        stream.ReadExactly(size);
        long length = size.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(size) : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (head[6] is < 1 or > 3 || length > 1 << 20)
        {
            throw new BadDataException(path, $"is a .npy file of version {head[6]} with a head of {length} bytes, which is not read here.");
        }

        var text = new byte[length];
        stream.ReadExactly(text);
        return Parse(Encoding.UTF8.GetString(text), path);
    }

    /// <summary>Writes it.</summary>
    public void Write(Stream stream)
    {
        string shape = string.Join(", ", Shape) + (Shape.Count == 1 ? "," : "");
        string text = $"{{'descr': '{Type}', 'fortran_order': {(Fortran ? "True" : "False")}, 'shape': ({shape}), }}";

        // The elements begin at a multiple of 64 bytes.
        text = text.PadRight(text.Length + 63 - ((text.Length + 10) % 64)) + "\n";
        stream.Write(Magic);
        stream.Write([1, 0, (byte)text.Length, (byte)(text.Length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(text));
    }

    private static NpyHeader Parse(string text, string path)
    {
        Match type = TypePattern().Match(text);
        Match order = OrderPattern().Match(text);
        Match shape = ShapePattern().Match(text);
        if (!type.Success || !order.Success || !shape.Success)
        {
            throw new BadDataException(
                path, $"has elements that are not plain numbers ({text.Trim()}); objects and structures are not read: they can hold programs.");
        }

        long[] lengths =
        [
            .. shape.Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(length => long.Parse(length, CultureInfo.InvariantCulture)),
        ];
        return new NpyHeader(type.Groups[1].Value, lengths, order.Groups[1].Value == "True");
    }

    [GeneratedRegex("'descr': *'([<|=][iufb][1248])'")]
    private static partial Regex TypePattern();

    [GeneratedRegex("'fortran_order': *(True|False)")]
    private static partial Regex OrderPattern();

    [GeneratedRegex(@"'shape': *\(([0-9, ]*)\)")]
    private static partial Regex ShapePattern();
}
