using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>Asks the processor for memory that will be needed soon. A hint: no result depends on it.</summary>
/// <remarks>.NET offers it on x64 alone; elsewhere the calls compile to nothing.</remarks>
internal static unsafe class Prefetch
{
    private const int LineFloats = 16;

    /// <summary>Rows are asked for ahead so that about this many bytes are under way: from 3 to 12 KiB are equally fast.</summary>
    private const int BytesUnderWay = 4096;

    /// <summary>How many rows ahead to ask.</summary>
    /// <param name="rowBytes">Bytes of a row.</param>
    public static int Distance(long rowBytes) => (int)Math.Clamp(BytesUnderWay / Math.Max(1, rowBytes), 4, 64);

    /// <summary>
    /// Asks for the lines of a row, 512 bytes at most: the hardware goes on by itself. Free of branches when
    /// <paramref name="bytes"/> is a constant.
    /// </summary>
    /// <param name="row">The first float.</param>
    /// <param name="bytes">Bytes from there on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Row(float* row, int bytes)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        Sse.Prefetch0(row);
        if (bytes <= 64)
        {
            return;
        }

        Sse.Prefetch0(row + LineFloats);
        if (bytes <= 128)
        {
            return;
        }

        Sse.Prefetch0(row + (2 * LineFloats));
        if (bytes <= 192)
        {
            return;
        }

        Sse.Prefetch0(row + (3 * LineFloats));
        if (bytes <= 256)
        {
            return;
        }

        Sse.Prefetch0(row + (4 * LineFloats));
        Sse.Prefetch0(row + (5 * LineFloats));
        Sse.Prefetch0(row + (6 * LineFloats));
        Sse.Prefetch0(row + (7 * LineFloats));
    }

    /// <summary>Asks for the lines of a row that begins anywhere, 512 bytes at most.</summary>
    /// <param name="row">The first byte.</param>
    /// <param name="bytes">Bytes of the row, 1 or more.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Bytes(byte* row, int bytes)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(row);
            for (int line = 64; line < bytes && line < 512; line += 64)
            {
                Sse.Prefetch0(row + line);
            }

            // The line of the last byte: where a row lies across the end of a line, what the above leaves out.
            Sse.Prefetch0(row + bytes - 1);
        }
    }

    /// <summary>Bytes to ask for when rows are not aligned to lines: what a row can touch.</summary>
    /// <param name="dimension">Floats of a row.</param>
    public static int RowBytes(int dimension)
        => dimension % LineFloats == 0 ? dimension * sizeof(float) : (dimension * sizeof(float)) + (LineFloats * sizeof(float)) - 1;
}
