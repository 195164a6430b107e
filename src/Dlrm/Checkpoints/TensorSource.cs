using System.Runtime.InteropServices;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Checkpoints;

/// <summary>A tensor to be written: its name, type and shape, and where its bytes are.</summary>
/// <remarks>It borrows native memory and writes straight from it; a table is never copied.</remarks>
public abstract class TensorSource
{
    private TensorSource(string name, TensorType type, long[] shape, long bytes)
    {
        Name = name;
        Type = type;
        Shape = shape;
        Bytes = bytes;
    }

    /// <summary>The tensor's name.</summary>
    public string Name { get; }

    /// <summary>Its element type.</summary>
    public TensorType Type { get; }

    /// <summary>Its extents, row-major.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Its size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Which part of a whole tensor it is; null for a whole one. Its name is then the part's.</summary>
    internal TensorPart? Part { get; init; }

    /// <summary>The values of a parameter.</summary>
    /// <param name="parameter">It must outlive the source.</param>
    public static TensorSource Of(Parameter parameter)
        => parameter.Storage == StorageFormat.Float32
            ? new BufferSource<float>(parameter.Name, [.. parameter.Shape.Select(extent => (long)extent)], parameter.Value)
            : new BufferSource<byte>(
                StoredParameter.Name(parameter), StoredParameter.Shape(parameter), parameter.Packed, StoredParameter.Type(parameter));

    /// <summary>A whole buffer.</summary>
    /// <typeparam name="T">float, int, long, byte, Half and the like.</typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <param name="shape">Extents, row-major; empty for a scalar.</param>
    /// <param name="values">As many elements as the shape has; it must outlive the source.</param>
    /// <exception cref="ArgumentException">The buffer has another number of elements.</exception>
    /// <exception cref="NotSupportedException">safetensors has no such element type.</exception>
    public static TensorSource Of<T>(string name, ReadOnlySpan<long> shape, NativeBuffer<T> values)
        where T : unmanaged
        => new BufferSource<T>(name, shape.ToArray(), values);

    /// <summary>A tensor as it was when its snapshot was taken, though steps go on changing it.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Extents, row-major, the rows first.</param>
    /// <param name="rows">Its rows; written once.</param>
    /// <param name="gate">Held while a piece is read.</param>
    /// <param name="part">Which part of a whole tensor it is; null for a whole one.</param>
    internal static TensorSource Of(string name, TensorType type, long[] shape, RowSnapshot rows, Lock gate, TensorPart? part = null)
        => new RowSource(name, type, shape, rows, gate) { Part = part };

    /// <summary>A whole buffer of elements that C# has no type for.</summary>
    /// <typeparam name="T">Whatever its bytes are held as.</typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Extents, row-major.</param>
    /// <param name="values">The shape's bytes; it must outlive the source.</param>
    /// <param name="part">Which part of a whole tensor it is; null for a whole one.</param>
    internal static TensorSource Of<T>(string name, TensorType type, long[] shape, NativeBuffer<T> values, TensorPart? part = null)
        where T : unmanaged
        => new BufferSource<T>(name, shape, values, type) { Part = part };

    /// <summary>Writes the tensor's bytes.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="requireFinite">True to refuse floats that are not finite.</param>
    internal abstract void WriteTo(Stream stream, bool requireFinite);

    private void Write(Stream stream, ReadOnlySpan<byte> piece, bool requireFinite)
    {
        if (requireFinite && !Finiteness.AllFinite(Type, piece))
        {
            throw new InvalidDataException($"{Name} holds a number that is not finite: such a model is worth nothing.");
        }

        stream.Write(piece);
    }

    private sealed class RowSource(string name, TensorType type, long[] shape, RowSnapshot rows, Lock gate)
        : TensorSource(name, type, shape, TensorInfo.SizeOf(type, shape)!.Value)
    {
        internal override void WriteTo(Stream stream, bool requireFinite)
        {
            // A step that comes meanwhile waits for one piece at most: some microseconds.
            const int Piece = 256 << 10;
            long rowBytes = rows.Count == 0 ? 1 : Bytes / rows.Count;
            byte[] piece = new byte[Math.Max(Piece / rowBytes, 1) * rowBytes];
            int rowsTogether = (int)(piece.Length / rowBytes);
            for (int first = 0; first < rows.Count; first += rowsTogether)
            {
                int count = Math.Min(rowsTogether, rows.Count - first);
                Span<byte> bytes = piece.AsSpan(0, (int)(count * rowBytes));
                lock (gate)
                {
                    rows.Read(first, count, bytes);
                }

                Write(stream, bytes, requireFinite);
            }
        }
    }

    /// <summary>A tensor that is not in memory: its bytes are copied from elsewhere when it is written.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Extents, row-major; empty for a scalar.</param>
    /// <param name="write">Writes all of its bytes.</param>
    internal static TensorSource Streaming(string name, TensorType type, long[] shape, Action<Stream> write)
        => new StreamingSource(name, type, shape, write);


    private sealed class StreamingSource(string name, TensorType type, long[] shape, Action<Stream> write)
        : TensorSource(name, type, shape, TensorInfo.SizeOf(type, shape) ?? throw new ArgumentException($"Tensor '{name}' is too large.", nameof(shape)))
    {
        internal override void WriteTo(Stream stream, bool requireFinite) => write(stream);
    }

    private sealed class BufferSource<T> : TensorSource
        where T : unmanaged
    {
        private readonly NativeBuffer<T> _values;

        public BufferSource(string name, long[] shape, NativeBuffer<T> values, TensorType? type = null)
            : base(name, type ?? TensorTypes.Of<T>(), shape, values.Bytes)
        {
            if (shape.Any(extent => extent < 0) || TensorInfo.SizeOf(Type, shape) != values.Bytes)
            {
                throw new ArgumentException(
                    $"Tensor '{name}' of shape ({string.Join(", ", shape)}) does not have the {values.Length} elements of its buffer.",
                    nameof(values));
            }

            _values = values;
        }

        internal override void WriteTo(Stream stream, bool requireFinite)
        {
            const int Piece = 1 << 20;
            for (long start = 0; start < _values.Length; start += Piece)
            {
                int length = (int)Math.Min(Piece, _values.Length - start);
                Write(stream, MemoryMarshal.AsBytes(_values.Slice(start, length)), requireFinite);
            }
        }
    }
}
