using System.Runtime.InteropServices;
using Dlrm.Checkpoints;
using Dlrm.Memory;

namespace Dlrm.Interop.Models;

/// <summary>A number of elements of a stream, read as single precision whatever their type is.</summary>
internal sealed class SingleStream : ForwardStream
{
    private const int Piece = 1 << 14;

    private readonly Stream _inner;
    private readonly string _source;
    private readonly Conversion? _convert; // Null for single precision, which passes through.
    private readonly int _unitBytes;
    private readonly int _unitFloats;
    private readonly byte[] _raw;
    private readonly float[] _converted;
    private long _left; // Bytes that pass through, or units to be converted.
    private int _at;
    private int _filled;

    /// <summary>Reads the next elements of a stream, which it closes in the end.</summary>
    /// <param name="inner">Stands at the first element.</param>
    /// <param name="type">Their type, a floating-point one.</param>
    /// <param name="elements">How many.</param>
    /// <param name="source">The file and the tensor, for messages.</param>
    public SingleStream(Stream inner, TensorType type, long elements, string source)
        : this(inner, type.Size(), 1, elements, source, type switch
        {
            TensorType.F32 => null,
            TensorType.F64 => (raw, values) => Each(MemoryMarshal.Cast<byte, double>(raw), values, value => (float)value),
            TensorType.F16 => (raw, values) => Each(MemoryMarshal.Cast<byte, Half>(raw), values, value => (float)value),
            TensorType.BF16 => (raw, values) => Each(
                MemoryMarshal.Cast<byte, ushort>(raw), values, value => BitConverter.Int32BitsToSingle(value << 16)),
            _ => throw new RefusedFileException(
                RefusalReason.NotThisFormat, $"{source}: its elements are {type}, expected a floating-point type."),
        })
    {
    }

    /// <summary>Reads units of bytes, each converted to some floats.</summary>
    /// <param name="inner">Stands at the first unit.</param>
    /// <param name="unitBytes">Bytes of a unit.</param>
    /// <param name="unitFloats">Floats that become of it.</param>
    /// <param name="units">How many.</param>
    /// <param name="source">The file and the tensor, for messages.</param>
    /// <param name="convert">Converts whole units; null when they are floats.</param>
    public SingleStream(Stream inner, int unitBytes, int unitFloats, long units, string source, Conversion? convert)
    {
        _inner = inner;
        _source = source;
        _convert = convert;
        _unitBytes = unitBytes;
        _unitFloats = unitFloats;
        _left = convert is null ? checked(units * sizeof(float)) : units;
        int atOnce = Math.Max(1, Piece / unitFloats);
        _raw = new byte[convert is null ? 0 : atOnce * unitBytes];
        _converted = new float[convert is null ? 0 : atOnce * unitFloats];
    }

    /// <summary>Converts whole units.</summary>
    /// <param name="raw">Their bytes.</param>
    /// <param name="values">Their floats, out.</param>
    public delegate void Conversion(ReadOnlySpan<byte> raw, Span<float> values);

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

    public override int Read(Span<byte> buffer)
    {
        if (_convert is not null)
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
            int units = (int)Math.Min(_converted.Length / _unitFloats, _left);
            Span<byte> raw = _raw.AsSpan(0, units * _unitBytes);
            if (_inner.ReadAtLeast(raw, raw.Length, throwOnEndOfStream: false) < raw.Length)
            {
                throw new RefusedFileException(RefusalReason.Truncated, $"{_source}: the data end too early.");
            }

            Span<float> values = _converted.AsSpan(0, units * _unitFloats);
            _convert!(raw, values);
            _left -= units;
            _at = 0;
            _filled = values.Length * sizeof(float);
        }

        int count = Math.Min(buffer.Length, _filled - _at);
        MemoryMarshal.AsBytes(_converted.AsSpan()).Slice(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    private static void Each<T>(ReadOnlySpan<T> raw, Span<float> values, Func<T, float> convert)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = convert(raw[i]);
        }
    }
}
