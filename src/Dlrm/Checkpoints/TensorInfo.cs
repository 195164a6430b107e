namespace Dlrm.Checkpoints;

/// <summary>What a safetensors header says of one tensor.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its extents, row-major; empty for a scalar.</param>
/// <param name="Offset">Its first byte, counted from the end of the header.</param>
/// <param name="Bytes">Its size.</param>
public sealed record TensorInfo(string Name, TensorType Type, IReadOnlyList<long> Shape, long Offset, long Bytes)
{
    /// <summary>The type and shape as messages show them, e.g. <c>F32 (1460, 16)</c>.</summary>
    public string Kind => Describe(Type, Shape);

    internal static string Describe(TensorType type, IReadOnlyList<long> shape)
        => $"{type.Name()} ({string.Join(", ", shape)})";

    /// <summary>Bytes of a tensor, or null when no file could hold it.</summary>
    internal static long? SizeOf(TensorType type, IReadOnlyList<long> shape)
    {
        UInt128 bytes = (UInt128)type.Size();
        foreach (long extent in shape)
        {
            // Zero first: (2⁴⁰, 2⁴⁰, 0) is empty, and anything over 2⁶³ stays over it or becomes zero.
            bytes = bytes > long.MaxValue && extent != 0 ? UInt128.MaxValue >> 1 : bytes * (UInt128)extent;
        }

        return bytes <= long.MaxValue ? (long)bytes : null;
    }
}
