using System.Runtime.InteropServices;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Checkpoints;

/// <summary>Reads the rows and columns that a rank has of a saved tensor, however many ranks saved it.</summary>
internal static class PartReader
{
    private const int PieceBytes = 1 << 22;

    /// <summary>Reads a part.</summary>
    /// <typeparam name="T">What the buffer consists of.</typeparam>
    /// <param name="files">Where the whole tensor is; its type and shape are known to be right.</param>
    /// <param name="part">Which part.</param>
    /// <param name="destination">(rows of the part, its columns), out.</param>
    /// <param name="elementBytes">Of the tensor.</param>
    public static void Read<T>(TensorFiles files, TensorPart part, NativeBuffer<T> destination, int elementBytes)
        where T : unmanaged
    {
        ShardRegion region = part.Region;
        int wholeBytes = region.Columns * elementBytes;
        int rowBytes = region.ColumnCount * elementBytes;
        int first = region.FirstColumn * elementBytes;
        int rowElements = (int)(destination.Length / region.RowCount);
        int together = region.Hash is null ? Math.Max(1, PieceBytes / wholeBytes) : 1;
        byte[] piece = new byte[together * wholeBytes];
        for (int row = 0; row < region.RowCount; row += together)
        {
            int count = Math.Min(together, region.RowCount - row);
            Span<byte> rows = piece.AsSpan(0, count * wholeBytes);
            files.ReadRows(part.Whole, region.WholeRow(row), rows);
            Span<byte> target = MemoryMarshal.AsBytes(destination.Slice((long)row * rowElements, count * rowElements));
            for (int number = 0; number < count; number++)
            {
                rows.Slice((number * wholeBytes) + first, rowBytes).CopyTo(target[(number * rowBytes)..]);
            }
        }
    }
}
