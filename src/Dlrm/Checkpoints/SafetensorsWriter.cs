using System.Buffers.Binary;

namespace Dlrm.Checkpoints;

/// <summary>Writes tensors as one safetensors file, straight from native memory.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes all of <paramref name="tensors"/>, in order.</summary>
    /// <param name="stream">Where to; only written to, never sought.</param>
    /// <param name="tensors">Names must differ.</param>
    /// <param name="metadata">Texts for the header, or null.</param>
    /// <param name="requireFinite">True to refuse floats that are infinite or not a number.</param>
    /// <exception cref="InvalidDataException">A value is not finite; what was written is of no use.</exception>
    /// <exception cref="ArgumentException">Two tensors have one name.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public static void Write(
        Stream stream,
        IReadOnlyList<TensorSource> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        bool requireFinite = false)
    {
        byte[] head = SafetensorsHeader.Format(tensors, metadata);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)head.Length);
        stream.Write(length);
        stream.Write(head);
        foreach (TensorSource tensor in tensors)
        {
            tensor.WriteTo(stream, requireFinite);
        }
    }
}
