using System.Buffers.Binary;
using System.Globalization;

namespace Dlrm.Data.Numpy;

/// <summary>An array of .npy in memory, rows one after another.</summary>
/// <typeparam name="T">int or float.</typeparam>
/// <param name="Shape">Length of each dimension.</param>
/// <param name="Values">The elements, the last index running fastest.</param>
internal sealed record NpyArray<T>(IReadOnlyList<long> Shape, T[] Values)
{
    /// <summary>Length of the first dimension.</summary>
    public long Rows => Shape.Count == 0 ? 1 : Shape[0];

    /// <summary>Elements a row.</summary>
    public int Columns => Rows == 0 ? 0 : checked((int)(Values.Length / Rows));
}

/// <summary>Reads .npy arrays of one or two dimensions.</summary>
internal static class NpyArray
{
    private const int Piece = 1 << 16;

    /// <summary>Reads numbers that are whole and fit 32 bits, whatever their type.</summary>
    /// <exception cref="BadDataException">One does not, or the file breaks off.</exception>
    public static NpyArray<int> ReadInts(Stream stream, string path)
    {
        NpyHeader header = NpyHeader.Read(stream, path);
        return Read(stream, path, header, (bytes, place) =>
        {
            double value = Number(header.Type, bytes);
            return value >= int.MinValue && value <= int.MaxValue && Math.Floor(value) == value
                ? (int)value
                : throw new BadDataException(path, string.Create(CultureInfo.InvariantCulture, $"element {place} is {value:R}, which is no whole number of 32 bits."));
        });
    }

    /// <summary>Reads numbers as float32.</summary>
    /// <exception cref="BadDataException">The file breaks off.</exception>
    public static NpyArray<float> ReadFloats(Stream stream, string path)
    {
        NpyHeader header = NpyHeader.Read(stream, path);
        return Read(stream, path, header, (bytes, _) => (float)Number(header.Type, bytes));
    }

    private delegate T Convert<out T>(ReadOnlySpan<byte> bytes, long place);

    private static NpyArray<T> Read<T>(Stream stream, string path, NpyHeader header, Convert<T> convert)
    {
        if (header.Shape.Count is 0 or > 2 || header.Count > Array.MaxLength)
        {
            throw new BadDataException(path, $"has the shape ({string.Join(", ", header.Shape)}); arrays of one or two dimensions and less than 2³¹ elements are read here.");
        }

        var values = new T[header.Count];
        int size = header.ElementBytes;
        var buffer = new byte[Piece * size];
        long rows = header.Shape[0];
        long columns = header.Shape.Count == 2 ? header.Shape[1] : 1;
        bool transpose = header.Fortran && header.Shape.Count == 2;
        for (long done = 0; done < values.Length;)
        {
            int count = (int)Math.Min(Piece, values.Length - done);
            if (stream.ReadAtLeast(buffer.AsSpan(0, count * size), count * size, throwOnEndOfStream: false) < count * size)
            {
                throw new BadDataException(path, $"breaks off before element {values.Length}: make or copy it again.");
            }

            for (int i = 0; i < count; i++, done++)
            {
                long place = transpose ? (done % rows * columns) + (done / rows) : done;
                values[place] = convert(buffer.AsSpan(i * size, size), done);
            }
        }

        return new NpyArray<T>(header.Shape, values);
    }

    private static double Number(string type, ReadOnlySpan<byte> bytes) => (type[1], bytes.Length) switch
    {
        ('i', 1) => (sbyte)bytes[0],
        ('i', 2) => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        ('i', 4) => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        ('i', 8) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        ('u' or 'b', 1) => bytes[0],
        ('u', 2) => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        ('u', 4) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        ('u', 8) => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        ('f', 2) => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        ('f', 4) => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        ('f', 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        _ => throw new NotSupportedException(type),
    };
}
