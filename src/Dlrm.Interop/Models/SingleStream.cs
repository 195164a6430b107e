using System.Runtime.InteropServices;
using Dlrm.Checkpoints;

namespace Dlrm.Interop.Models;

/// <summary>A number of elements of a stream, read as single precision whatever their type is.</summary>
internal sealed class SingleStream : Stream
{
    private const int Piece = 1 << 14;

    private readonly Stream _inner;
    private readonly TensorType _type;
    private readonly string _source;
    private readonly byte[] _raw;
    private readonly float[] _converted;
    private long _left;
    private int _at;
    private int _filled;

    /// <summary>Reads the next elements of a stream, which it closes in the end.</summary>
    /// <param name="inner">Stands at the first element.</param>
    /// <param name="type">Their type, a floating-point one.</param>
    /// <param name="elements">How many.</param>
    /// <param name="source">The file and the tensor, for messages.</param>
    public SingleStream(Stream inner, TensorType type, long elements, string source)
    {
        if (type is not (TensorType.F32 or TensorType.F64 or TensorType.F16 or TensorType.BF16))
        {
            throw new RefusedFileException(
                RefusalReason.NotThisFormat, $"{source}: its elements are {type}, expected a floating-point type.");
        }

        _inner = inner;
        _type = type;
        _source = source;
        _left = type == TensorType.F32 ? checked(elements * sizeof(float)) : elements;
        _raw = new byte[type == TensorType.F32 ? 0 : Piece * type.Size()];
        _converted = new float[type == TensorType.F32 ? 0 : Piece];
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Skips bytes of a stream that cannot seek.</summary>
    public static void Skip(Stream stream, long bytes, string source)
    {
        byte[] scratch = new byte[Math.Min(bytes, 1 << 16)];
        while (bytes > 0)
        {
            int read = stream.Read(scratch, 0, (int)Math.Min(bytes, scratch.Length));
            if (read == 0)
            {
                throw new RefusedFileException(RefusalReason.Truncated, $"{source}: the data end {bytes} bytes too early.");
            }

            bytes -= read;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_type != TensorType.F32)
        {
            return ReadConverted(buffer);
        }

        if (_left == 0 || buffer.Length == 0)
        {
            return 0;
        }

        int read = _inner.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
        if (read == 0)
        {
            throw new RefusedFileException(RefusalReason.Truncated, $"{_source}: the data end {_left} bytes too early.");
        }

        _left -= read;
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int ReadConverted(Span<byte> buffer)
    {
        if (_at == _filled && _left > 0)
        {
            int elements = (int)Math.Min(Piece, _left);
            Span<byte> raw = _raw.AsSpan(0, elements * _type.Size());
            if (_inner.ReadAtLeast(raw, raw.Length, throwOnEndOfStream: false) < raw.Length)
            {
                throw new RefusedFileException(RefusalReason.Truncated, $"{_source}: the data end too early.");
            }

            Convert(raw, _converted.AsSpan(0, elements));
            _left -= elements;
            _at = 0;
            _filled = elements * sizeof(float);
        }

        int count = Math.Min(buffer.Length, _filled - _at);
        MemoryMarshal.AsBytes(_converted.AsSpan()).Slice(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    private void Convert(ReadOnlySpan<byte> raw, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = _type switch
            {
                TensorType.F64 => (float)MemoryMarshal.Cast<byte, double>(raw)[i],
                TensorType.F16 => (float)MemoryMarshal.Cast<byte, Half>(raw)[i],
                _ => BitConverter.Int32BitsToSingle(MemoryMarshal.Cast<byte, ushort>(raw)[i] << 16),
            };
        }
    }
}
