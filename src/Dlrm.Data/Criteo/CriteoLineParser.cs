using System.Globalization;

namespace Dlrm.Data.Criteo;

/// <summary>
/// The definition of a good line, written to be read: whatever <see cref="CriteoBlockParser"/> does not recognize at
/// once comes here, is taken or is told apart from a good line with column and reason.
/// </summary>
/// <remarks>
/// Forty fields between single tabs. The label is 0 or 1. A number is an optional minus and decimal digits, within 32
/// bits, or missing (<see cref="CriteoColumns.Missing"/>); a hash is one to eight hexadecimal digits of either case, or missing
/// (0).
/// </remarks>
internal static class CriteoLineParser
{
    /// <summary>Reads one line.</summary>
    /// <param name="line">The line without its line feed.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="row">Where to put it.</param>
    /// <param name="rows">The rows to add to; their number stays as it is.</param>
    /// <returns>The defect, or null for a good line.</returns>
    public static BadLine? Parse(ReadOnlySpan<byte> line, long number, int row, CriteoRowBlock rows)
    {
        if (FindLineDefect(line, number) is BadLine defect)
        {
            return defect;
        }

        int column = 0;
        int start = 0;
        while (column < CriteoColumns.Count)
        {
            int length = line[start..].IndexOf((byte)'\t');
            ReadOnlySpan<byte> field = length < 0 ? line[start..] : line.Slice(start, length);
            (BadLineReason Reason, string Problem)? problem;
            if (column == 0)
            {
                problem = ParseLabel(field, out rows.Labels[row]);
            }
            else if (column <= CriteoColumns.Dense)
            {
                problem = ParseNumber(field, out rows.Dense[(row * CriteoColumns.Dense) + column - 1]);
            }
            else
            {
                int hash = column - 1 - CriteoColumns.Dense;
                problem = ParseHash(field, out rows.Hashes[(hash * CriteoRowBlock.Capacity) + row]);
            }

            if (problem is var (reason, text))
            {
                return AtField(reason, number, column, field, text);
            }

            start += length + 1;
            column++;
        }

        return null;
    }

    /// <summary>What is wrong with the line as a whole, if anything.</summary>
    private static BadLine? FindLineDefect(ReadOnlySpan<byte> line, long number)
    {
        if (line.IsEmpty)
        {
            return new BadLine(BadLineReason.EmptyLine, number, 0, "", "", "is an empty line");
        }

        int position = line.IndexOf((byte)0);
        if (position >= 0)
        {
            return AtPosition(BadLineReason.ZeroByte, line, number, position, "has a zero byte");
        }

        position = line.IndexOf((byte)'\r');
        if (position >= 0)
        {
            return AtPosition(BadLineReason.CarriageReturn, line, number, position, "has a carriage return");
        }

        int fields = line.Count((byte)'\t') + 1;
        if (fields == CriteoColumns.Count)
        {
            return null;
        }

        string hint = fields switch
        {
            CriteoColumns.Count - 1 => "; a file without labels cannot be trained on",
            1 when line.Contains((byte)',') => "; the fields must be separated by tabs, not by commas",
            _ => "",
        };
        return new BadLine(
            BadLineReason.FieldCount, number, 0, "", BadLine.Escape(line),
            string.Create(
                CultureInfo.InvariantCulture,
                $"has {fields} field{(fields == 1 ? "" : "s")}, expected 40 (label, I1 to I13, C1 to C26, separated by tabs){hint}"));
    }

    private static BadLine AtPosition(
        BadLineReason reason, ReadOnlySpan<byte> line, long number, int position, string problem)
    {
        int column = line[..position].Count((byte)'\t');
        int start = line[..position].LastIndexOf((byte)'\t') + 1;
        int end = line[position..].IndexOf((byte)'\t');
        ReadOnlySpan<byte> field = line[start..(end < 0 ? line.Length : position + end)];
        return AtField(reason, number, column, field, problem);
    }

    private static BadLine AtField(BadLineReason reason, long number, int column, ReadOnlySpan<byte> field, string problem)
    {
        string name = column < CriteoColumns.Count ? CriteoColumns.Names[column] : "beyond the last";
        return new BadLine(reason, number, column + 1, name, BadLine.Escape(field), problem);
    }

    private static (BadLineReason Reason, string Problem)? ParseLabel(ReadOnlySpan<byte> field, out byte label)
    {
        label = 0;
        if (field is not [(byte)'0' or (byte)'1'])
        {
            return (BadLineReason.Label, "is not a label, expected 0 or 1");
        }

        label = (byte)(field[0] - '0');
        return null;
    }

    private static (BadLineReason Reason, string Problem)? ParseNumber(ReadOnlySpan<byte> field, out int number)
    {
        number = 0;
        bool negative = field is [(byte)'-', ..];
        ReadOnlySpan<byte> digits = negative ? field[1..] : field;
        if (digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0 || (negative && digits.IsEmpty))
        {
            return (BadLineReason.NotANumber, "is not a whole number");
        }

        long value = 0;
        foreach (byte digit in digits)
        {
            value = (value * 10) + (digit - '0');
            if (value > int.MaxValue + (negative ? 1L : 0L))
            {
                return (BadLineReason.NumberTooLarge, "lies outside -2147483648 to 2147483647");
            }
        }

        number = digits.IsEmpty ? CriteoColumns.Missing : (int)(negative ? -value : value);
        return null;
    }

    private static (BadLineReason Reason, string Problem)? ParseHash(ReadOnlySpan<byte> field, out uint hash)
    {
        hash = 0;
        foreach (byte digit in field)
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return (BadLineReason.NotHexadecimal, "is not a hexadecimal number");
            }

            hash = (hash << 4) | (uint)((digit & 0xf) + (digit > '9' ? 9 : 0));
        }

        return field.Length > 8
            ? (BadLineReason.HashTooLong, "has more than eight hexadecimal digits")
            : null;
    }
}
