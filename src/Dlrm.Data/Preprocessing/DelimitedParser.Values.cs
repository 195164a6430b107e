using System.Buffers.Text;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <content>Labels, numbers and categories as they stand in fields.</content>
internal sealed partial class DelimitedParser
{
    /// <summary>Rewrites a number in place in its shortest form, so that 007 and 7 are one value; no digits stay as they are.</summary>
    private static bool TryCanonical(Span<byte> text, int start, ref int end, SparseType type)
    {
        if (type == SparseType.Text || start == end)
        {
            return true;
        }

        Span<byte> field = text[start..end];
        int written;
        if (type == SparseType.Integer)
        {
            if (!Utf8Parser.TryParse(field, out long number, out int used) || used != field.Length
                || !Utf8Formatter.TryFormat(number, field, out written))
            {
                return false;
            }
        }
        else if (!Utf8Parser.TryParse(field, out ulong number, out int used, 'x') || used != field.Length
            || !Utf8Formatter.TryFormat(number, field, out written, new System.Buffers.StandardFormat('x')))
        {
            return false;
        }

        end = start + written;
        return true;
    }

    private bool TryLabel(ReadOnlySpan<byte> field, out float label)
    {
        if (layout.Positive.Length > 0)
        {
            label = 0;
            foreach (byte[] positive in layout.Positive)
            {
                label = field.SequenceEqual(positive) ? 1 : label;
            }

            return !field.IsEmpty;
        }

        if (field is [(byte)'0' or (byte)'1'])
        {
            label = field[0] - '0';
            return true;
        }

        bool read = TryNumber(field, out double number);
        label = (float)number;
        return read && number is >= 0 and <= 1;
    }

    /// <summary>A finite number, or NaN for a missing one.</summary>
    private bool TryNumber(ReadOnlySpan<byte> field, out double number)
    {
        if (field.IsEmpty)
        {
            number = double.NaN;
            return true;
        }

        int at = field[0] == (byte)'-' ? 1 : 0;
        long whole = 0;
        if (field.Length <= 15)
        {
            int digit = at;
            for (; digit < field.Length && (uint)(field[digit] - '0') <= 9; digit++)
            {
                whole = (whole * 10) + (field[digit] - '0');
            }

            if (digit == field.Length && digit > at)
            {
                number = at == 0 ? whole : -whole;
                return true;
            }
        }

        if (Utf8Parser.TryParse(field, out number, out int used) && used == field.Length && double.IsFinite(number))
        {
            return true;
        }

        number = double.NaN;
        foreach (byte[] missing in layout.Missing)
        {
            if (field.SequenceEqual(missing))
            {
                return true;
            }
        }

        return false;
    }
}
