using System.Buffers.Binary;
using System.Numerics;

namespace Dlrm.Interop.TensorBoard;

/// <summary>The checksum of TensorBoard's records: CRC-32C (Castagnoli), masked.</summary>
internal static class Crc32C
{
    /// <summary>CRC-32C of some bytes, with the processor's instruction where there is one.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }

    /// <summary>The form that stands in a record: rotated and shifted, as a checksum of checksums would be weak.</summary>
    public static uint Masked(ReadOnlySpan<byte> bytes) => unchecked(BitOperations.RotateRight(Of(bytes), 15) + 0xA282EAD8u);
}
