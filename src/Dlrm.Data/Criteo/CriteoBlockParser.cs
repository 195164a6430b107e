using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Dlrm.Data.Lines;
using Dlrm.Kernels;

namespace Dlrm.Data.Criteo;

/// <summary>
/// Reads blocks of lines: first all tabs and line ends are found, then the fields of a row are read side by side; what is not plain
/// goes to <see cref="CriteoLineParser"/>.
/// </summary>
internal static class CriteoBlockParser
{
    private const ulong EachByte = 0x0101010101010101;
    private const ulong HighBits = 0x8080808080808080;

    /// <summary>Reads a block into <paramref name="rows"/>, whose former contents are lost.</summary>
    /// <param name="block">Text.</param>
    /// <param name="rows">Where the good lines go, and the bad ones.</param>
    /// <param name="stopAtBadLine">Read no further than the first bad line.</param>
    public static void Parse(TextBlock block, CriteoRowBlock rows, bool stopAtBadLine) =>
        Parse(block, rows, stopAtBadLine, InstructionSets.Choose());

    /// <summary>Reads a block into <paramref name="rows"/>, whose former contents are lost.</summary>
    /// <param name="block">Text.</param>
    /// <param name="rows">Where the good lines go, and the bad ones.</param>
    /// <param name="stopAtBadLine">Read no further than the first bad line.</param>
    /// <param name="set">How; the result is the same.</param>
    public static void Parse(TextBlock block, CriteoRowBlock rows, bool stopAtBadLine, InstructionSet set)
    {
        rows.Rows = 0;
        rows.Lines = 0;
        rows.BadLines.Clear();
        switch (block.Kind)
        {
            case TextBlockKind.Lines:
                ParseLines(block, rows, stopAtBadLine, set);
                break;
            case TextBlockKind.OverlongLine:
                rows.Lines = 1;
                rows.BadLines.Add(new BadLine(
                    BadLineReason.LineTooLong, 1, 0, "", BadLine.Escape(block.Text),
                    "goes on for more than 262144 bytes without a line end"));
                break;
            default:
                rows.BadLines.Add(new BadLine(
                    BadLineReason.Truncated, 1, 0, "", BadLine.Escape(block.Text),
                    "is where the text breaks off: the packed stream is not complete, or other bytes follow it"));
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ParseLines(TextBlock block, CriteoRowBlock rows, bool stopAtBadLine, InstructionSet set)
    {
        FieldKernel kernel = FieldKernel.For(set);
        int places = ByteScan.For(set).Places(block.Text, (byte)'\t', (byte)'\n', rows.Separators);
        int lines = ByteScan.For(set).Places(block.Text, (byte)'\n', (byte)'\n', rows.LineEnds);

        // So that the last line may be asked for its fortieth separator whatever it has.
        rows.Separators.AsSpan(places, CriteoColumns.Count).Fill(int.MaxValue);
        int start = 0;
        int separator = 0;
        int row = 0;
        int line = 0;
        while (line < lines && !(stopAtBadLine && rows.BadLines.Count > 0))
        {
            int end = rows.LineEnds[line++];
            ReadOnlySpan<int> separators = rows.Separators.AsSpan(separator, CriteoColumns.Count);
            if (separators[^1] == end && ParseFast(block.Bytes, start, separators, row, rows, kernel))
            {
                row++;
                separator += CriteoColumns.Count;
            }
            else
            {
                if (CriteoLineParser.Parse(block.Bytes.AsSpan(start, end - start), line, row, rows) is BadLine bad)
                {
                    rows.BadLines.Add(bad);
                }
                else
                {
                    row++;
                }

                while (rows.Separators[separator++] < end)
                {
                }
            }

            start = end + 1;
        }

        rows.Rows = row;
        rows.Lines = line;
    }

    /// <summary>Reads a line of forty fields if it is plain: label 0 or 1, numbers of up to eight digits, hashes of up to eight.</summary>
    /// <returns>False if it is not plain (its row then holds no meaning).</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool ParseFast(
        ReadOnlySpan<byte> text, int start, ReadOnlySpan<int> separators, int row, CriteoRowBlock rows, FieldKernel kernel)
    {
        uint label = text[start] - (uint)'0';
        if (label > 1 || separators[0] != start + 1)
        {
            return false;
        }

        // The kernel reads eight bytes up to each end, which a block's first line may not have, and knows no minus.
        ReadOnlySpan<int> numbers = separators[..(CriteoColumns.Dense + 1)];
        Span<int> dense = rows.Dense.AsSpan(row * CriteoColumns.Dense, CriteoColumns.Dense);
        if ((numbers[1] < sizeof(ulong) || !kernel.Decimal(text, numbers, dense)) && !SignedNumbers(text, numbers, dense))
        {
            return false;
        }

        Span<uint> hashes = stackalloc uint[CriteoColumns.Categorical];
        if (!kernel.Hexadecimal(text, separators[CriteoColumns.Dense..], hashes))
        {
            return false;
        }

        Span<uint> columns = rows.Hashes;
        int target = row;
        foreach (uint hash in hashes)
        {
            columns[target] = hash;
            target += CriteoRowBlock.Capacity;
        }

        rows.Labels[row] = (byte)label;
        return true;
    }

    /// <summary>Reads numbers of up to eight digits, with a minus or without.</summary>
    private static bool SignedNumbers(ReadOnlySpan<byte> text, ReadOnlySpan<int> separators, Span<int> dense)
    {
        for (int column = 0; column < dense.Length; column++)
        {
            int at = separators[column] + 1;
            bool negative = text[at] == (byte)'-';
            at += negative ? 1 : 0;
            int length = separators[column + 1] - at;
            if (length > 8 || (negative && length == 0))
            {
                return false;
            }

            // A block's padding lets eight bytes be read at each field's start. The high bit of a byte is set where it is no decimal
            // digit; bytes above 127 keep their own high bit.
            ulong digits = BinaryPrimitives.ReadUInt64LittleEndian(text[at..]) ^ (EachByte * '0');
            ulong other = (((digits & ~HighBits) + (EachByte * 0x76)) | digits) & HighBits;
            if (AlignLast(other, length) != 0)
            {
                return false;
            }

            int value = Decimal(digits, length);
            dense[column] = length > 0 ? (negative ? -value : value) : CriteoColumns.Missing;
        }

        return true;
    }

    /// <summary>The number that the first <paramref name="length"/> bytes write, each a digit's value; none write 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Decimal(ulong digits, int length)
    {
        // The last digit moves to the highest byte, zeros come before the first; then pairs, fours, eights are summed.
        digits = AlignLast(digits, length);
        digits = (digits * 10) + (digits >> 8);
        return (int)((((digits & 0x000000ff000000ff) * 0x000f424000000064)
            + (((digits >> 16) & 0x000000ff000000ff) * 0x0000271000000001)) >> 32);
    }

    /// <summary>Shifts by 64 − 8·length bits, in two halves because a shift by 64 would be one by 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong AlignLast(ulong bytes, int length)
    {
        int half = 32 - (4 * length);
        return bytes << half << half;
    }
}
