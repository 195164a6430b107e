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
        if (!TryCanonical(field, type, field, out int written))
        {
            return false;
        }

        end = start + written;
        return true;
    }

    /// <summary>Writes a number in its shortest form.</summary>
    /// <param name="field">One byte or more.</param>
    /// <param name="type">A number's.</param>
    /// <param name="target">As long as the field or longer; may be the same memory.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when the field is no number of the type.</returns>
    internal static bool TryCanonical(ReadOnlySpan<byte> field, SparseType type, Span<byte> target, out int written)
    {
        written = 0;
        return type == SparseType.Integer
            ? Utf8Parser.TryParse(field, out long number, out int used) && used == field.Length
                && Utf8Formatter.TryFormat(number, target, out written)
            : Utf8Parser.TryParse(field, out ulong hex, out used, 'x') && used == field.Length
                && Utf8Formatter.TryFormat(hex, target, out written, new System.Buffers.StandardFormat('x'));
    }

    private bool TryLabel(ReadOnlySpan<byte> field, out float label) =>
        TryLabel(field, layout.Positive, layout.Missing, out label);

    /// <summary>A label in [0, 1].</summary>
    internal static bool TryLabel(ReadOnlySpan<byte> field, byte[][] positives, byte[][] missings, out float label)
    {
        if (positives.Length > 0)
        {
            label = 0;
            foreach (byte[] positive in positives)
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

        bool read = TryNumber(field, missings, out double number);
        label = (float)number;
        return read && number is >= 0 and <= 1;
    }

    /// <summary>A finite number, or NaN for a missing one.</summary>
    private bool TryNumber(ReadOnlySpan<byte> field, out double number) => TryNumber(field, layout.Missing, out number);

    /// <summary>The same, with the texts that mean a missing number.</summary>
    internal static bool TryNumber(ReadOnlySpan<byte> field, byte[][] missings, out double number)
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
        foreach (byte[] missing in missings)
        {
            if (field.SequenceEqual(missing))
            {
                return true;
            }
        }

        return false;
    }
}
