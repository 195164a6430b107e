using System.Buffers.Binary;
using System.Text;

namespace Dlrm.Interop.Pickle;

/// <summary>The bytes of a pickle: counted, bounded, and refused where they end too early.</summary>
internal sealed class PickleInput(Stream stream, string source)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _number = new byte[sizeof(ulong)];

    /// <summary>Bytes read.</summary>
    public long Position { get; private set; }

    public byte ReadByte()
    {
        int value = stream.ReadByte();
        if (value < 0)
        {
            throw Refuse(RefusalReason.Truncated, "the pickle has no end.");
        }

        Count(1);
        return (byte)value;
    }

    public byte[] ReadBytes(long length)
    {
        if (length is < 0 or > PickleLimits.TextBytes)
        {
            throw Refuse(RefusalReason.TooLarge, $"a text of {length} bytes; {PickleLimits.TextBytes} are allowed.");
        }

        byte[] bytes = new byte[length];
        Fill(bytes);
        return bytes;
    }

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Number(sizeof(ushort)));

    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Number(sizeof(int)));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Number(sizeof(uint)));

    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(Number(sizeof(long)));

    public double ReadDoubleBigEndian() => BinaryPrimitives.ReadDoubleBigEndian(Number(sizeof(double)));

    public string ReadText(long length) => Decode(ReadBytes(length));

    /// <summary>Text up to a line feed, which is read too.</summary>
    public string ReadLine()
    {
        var bytes = new List<byte>();
        for (byte value = ReadByte(); value != '\n'; value = ReadByte())
        {
            if (bytes.Count >= 256)
            {
                throw Refuse(RefusalReason.TooLarge, "a name of more than 256 bytes.");
            }

            bytes.Add(value);
        }

        return Decode([.. bytes]);
    }

    public RefusedFileException Refuse(RefusalReason reason, string what)
        => new(reason, $"{source}, byte {Position} of the pickle: {what}");

    private string Decode(byte[] bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw new RefusedFileException(
                RefusalReason.Damaged, $"{source}, byte {Position} of the pickle: a text is not UTF-8.", exception);
        }
    }

    private ReadOnlySpan<byte> Number(int size)
    {
        Fill(_number.AsSpan(0, size));
        return _number.AsSpan(0, size);
    }

    private void Fill(Span<byte> bytes)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw Refuse(RefusalReason.Truncated, "the pickle has no end.");
        }

        Count(bytes.Length);
    }

    private void Count(int bytes)
    {
        Position += bytes;
        if (Position > PickleLimits.Bytes)
        {
            throw Refuse(RefusalReason.TooLarge, $"more than {PickleLimits.Bytes} bytes.");
        }
    }
}
