using System.Runtime.InteropServices;
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

    /// <summary>The values of a parameter.</summary>
    /// <param name="parameter">It must outlive the source.</param>
    public static TensorSource Of(Parameter parameter)
        => new BufferSource<float>(parameter.Name, [.. parameter.Shape.Select(extent => (long)extent)], parameter.Value);

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

    /// <summary>A tensor that is not in memory: its bytes are copied from elsewhere when it is written.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Extents, row-major; empty for a scalar.</param>
    /// <param name="write">Writes all of its bytes.</param>
    internal static TensorSource Streaming(string name, TensorType type, long[] shape, Action<Stream> write)
        => new StreamingSource(name, type, shape, write);

    internal abstract void WriteTo(Stream stream);

    private sealed class StreamingSource(string name, TensorType type, long[] shape, Action<Stream> write)
        : TensorSource(name, type, shape, TensorInfo.SizeOf(type, shape) ?? throw new ArgumentException($"Tensor '{name}' is too large.", nameof(shape)))
    {
        internal override void WriteTo(Stream stream) => write(stream);
    }

    private sealed class BufferSource<T> : TensorSource
        where T : unmanaged
    {
        private readonly NativeBuffer<T> _values;

        public BufferSource(string name, long[] shape, NativeBuffer<T> values)
            : base(name, TensorTypes.Of<T>(), shape, values.Bytes)
        {
            if (shape.Any(extent => extent < 0) || TensorInfo.SizeOf(Type, shape) != values.Bytes)
            {
                throw new ArgumentException(
                    $"Tensor '{name}' of shape ({string.Join(", ", shape)}) does not have the {values.Length} elements of its buffer.",
                    nameof(values));
            }

            _values = values;
        }

        internal override void WriteTo(Stream stream)
        {
            const int Piece = 1 << 20;
            for (long start = 0; start < _values.Length; start += Piece)
            {
                int length = (int)Math.Min(Piece, _values.Length - start);
                stream.Write(MemoryMarshal.AsBytes(_values.Slice(start, length)));
            }
        }
    }
}
