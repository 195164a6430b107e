using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Dlrm.Data.Lines;

namespace Dlrm.Data.Criteo;

/// <summary>Reads blocks of lines, eight bytes at a time; what is not plain goes to <see cref="CriteoLineParser"/>.</summary>
internal static class CriteoBlockParser
{
    private const ulong EachByte = 0x0101010101010101;
    private const ulong HighBits = 0x8080808080808080;

    /// <summary>Reads a block into <paramref name="rows"/>, whose former contents are lost.</summary>
    /// <param name="block">Text.</param>
    /// <param name="rows">Where the good lines go, and the bad ones.</param>
    /// <param name="stopAtBadLine">Read no further than the first bad line.</param>
    public static void Parse(TextBlock block, CriteoRowBlock rows, bool stopAtBadLine)
    {
        rows.Rows = 0;
        rows.Lines = 0;
        rows.BadLines.Clear();
        switch (block.Kind)
        {
            case TextBlockKind.Lines:
                ParseLines(block, rows, stopAtBadLine);
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
    private static void ParseLines(TextBlock block, CriteoRowBlock rows, bool stopAtBadLine)
    {
        ReadOnlySpan<byte> text = block.Bytes;
        int end = block.Length;
        int position = 0;
        int row = 0;
        int lines = 0;
        while (position < end && !(stopAtBadLine && rows.BadLines.Count > 0))
        {
            lines++;
            int next = ParseFast(text, position, row, rows);
            if (next > 0)
            {
                position = next;
                row++;
                continue;
            }

            int length = text[position..end].IndexOf((byte)'\n');
            if (CriteoLineParser.Parse(text.Slice(position, length), lines, row, rows) is BadLine bad)
            {
                rows.BadLines.Add(bad);
            }
            else
            {
                row++;
            }

            position += length + 1;
        }

        rows.Rows = row;
        rows.Lines = lines;
    }

    /// <summary>Reads a line if it is plain: label 0 or 1, numbers of up to eight digits, hashes of up to eight.</summary>
    /// <returns>Where the next line begins, or 0 if this one is not plain (its row then holds no meaning).</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int ParseFast(ReadOnlySpan<byte> text, int position, int row, CriteoRowBlock rows)
    {
        uint label = text[position] - (uint)'0';
        if (label > 1 || text[position + 1] != '\t')
        {
            return 0;
        }

        position += 2;
        Span<int> dense = rows.Dense.AsSpan(row * CriteoColumns.Dense, CriteoColumns.Dense);
        for (int column = 0; column < dense.Length; column++)
        {
            // A block's padding lets the last line be read past its end; its line feed still ends every field.
            if (position + sizeof(ulong) >= text.Length)
            {
                return 0;
            }

            ulong bytes = BinaryPrimitives.ReadUInt64LittleEndian(text[position..]);
            ulong digits = bytes ^ (EachByte * '0');

            // The high bit of a byte is set where it is no decimal digit; bytes above 127 keep their own high bit.
            ulong other = (((digits & ~HighBits) + (EachByte * 0x76)) | digits) & HighBits;
            int length = BitOperations.TrailingZeroCount(other) >> 3;
            if (text[position + length] != '\t')
            {
                if (!TryNegative(text, ref position, out dense[column]))
                {
                    return 0;
                }

                continue;
            }

            dense[column] = length > 0 ? Decimal(digits, length) : CriteoColumns.Missing;
            position += length + 1;
        }

        Span<uint> hashes = rows.Hashes;
        int at = row;
        for (int column = 0; column < CriteoColumns.Categorical; column++)
        {
            if (position + sizeof(ulong) >= text.Length)
            {
                return 0;
            }

            ulong bytes = BinaryPrimitives.ReadUInt64LittleEndian(text[position..]);
            ulong low = bytes & ~HighBits;
            ulong digit = low ^ (EachByte * '0');
            ulong letter = (low | (EachByte * 0x20)) ^ (EachByte * 0x60);
            ulong isDigit = ~(digit + (EachByte * 0x76));
            ulong isLetter = (letter + (EachByte * 0x7f)) & ~(letter + (EachByte * 0x79));
            ulong other = (~(isDigit | isLetter) | bytes) & HighBits;
            int length = BitOperations.TrailingZeroCount(other) >> 3;
            if (text[position + length] != (column < CriteoColumns.Categorical - 1 ? '\t' : '\n'))
            {
                return 0;
            }

            hashes[at] = Hexadecimal(bytes, length);
            at += CriteoRowBlock.Capacity;
            position += length + 1;
        }

        rows.Labels[row] = (byte)label;
        return position;
    }

    /// <summary>Reads a minus, up to eight digits and a tab.</summary>
    private static bool TryNegative(ReadOnlySpan<byte> text, ref int position, out int value)
    {
        value = 0;
        int at = position + 1;
        while (at < position + 9 && text[at] is >= (byte)'0' and <= (byte)'9')
        {
            value = (value * 10) - (text[at++] - '0');
        }

        if (text[position] != '-' || text[at] != '\t' || at == position + 1)
        {
            return false;
        }

        position = at + 1;
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

    /// <summary>The number that the first <paramref name="length"/> bytes write, each a hexadecimal digit; none write 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hexadecimal(ulong bytes, int length)
    {
        // Letters have bit 6 set and count from 1; digits have not and count from 0.
        ulong nibbles = (bytes & (EachByte * 0xf)) + (((bytes >> 6) & EachByte) * 9);
        nibbles = BinaryPrimitives.ReverseEndianness(AlignLast(nibbles, length));
        nibbles = (nibbles | (nibbles >> 4)) & 0x00ff00ff00ff00ff;
        nibbles = (nibbles | (nibbles >> 8)) & 0x0000ffff0000ffff;
        return (uint)(nibbles | (nibbles >> 16));
    }

    /// <summary>Shifts by 64 − 8·length bits, in two halves because a shift by 64 would be one by 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong AlignLast(ulong bytes, int length)
    {
        int half = 32 - (4 * length);
        return bytes << half << half;
    }
}
