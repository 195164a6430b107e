using System.Buffers.Text;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Dlrm.Data.Folders;
using Dlrm.Data.Lines;
using Dlrm.Kernels;

namespace Dlrm.Data.Preprocessing;

/// <summary>Reads blocks of delimited text with the columns of a <see cref="RowLayout"/>.</summary>
/// <remarks>
/// Fields stand between single delimiters. With quotes (RFC 4180) a field may stand in double quotes, hold delimiters and
/// line ends, and a doubled quote for one. A row ends with LF, or with CR LF throughout the file.
/// </remarks>
/// <param name="layout">Where the columns stand.</param>
/// <param name="delimiter">Between fields.</param>
/// <param name="quotes">Fields may stand in quotes.</param>
/// <param name="carriageReturns">Rows end with CR LF.</param>
/// <param name="set">How separators are found; the result is the same.</param>
internal sealed partial class DelimitedParser(RowLayout layout, byte delimiter, bool quotes, bool carriageReturns, InstructionSet set)
{
    private readonly int[] _starts = new int[layout.Names.Count + 1];
    private readonly int[] _ends = new int[layout.Names.Count + 1];
    private readonly ByteScan _scan = ByteScan.For(set);
    private readonly int[] _separators = new int[TextBlock.Capacity + TextBlock.Padding + ByteScan.Slack];

    /// <summary>Reads a block into <paramref name="rows"/>, whose former contents are lost.</summary>
    public void Parse(TextBlock block, RawBlock rows, bool stopAtBadLine)
    {
        rows.Clear();
        rows.Text = block;
        rows.TextBytes = block.Length + block.Dropped;
        switch (block.Kind)
        {
            case TextBlockKind.OverlongLine:
                rows.Lines = 1;
                string hint = quotes ? "; a quote that is not closed does this (--quote=none reads quotes as letters)" : "";
                rows.BadLines.Add(new BadLine(
                    BadLineReason.LineTooLong, 1, 0, "", BadLine.Escape(block.Text),
                    $"goes on for more than {TextBlock.Capacity} bytes without the end of the row{hint}"));
                break;
            case TextBlockKind.Break:
                rows.BadLines.Add(new BadLine(
                    BadLineReason.Truncated, 1, 0, "", BadLine.Escape(block.Text),
                    "is where the text breaks off: the packed stream is not complete, or other bytes follow it"));
                break;
            default:
                ParseRows(block, rows, stopAtBadLine);
                break;
        }
    }

    /// <summary>The fields of one row, as text: for headers.</summary>
    public static IReadOnlyList<string> Fields(ReadOnlySpan<byte> row, byte delimiter, bool quotes)
    {
        var fields = new List<string>();
        byte[] text = [.. row, (byte)'\n'];
        int position = 0;
        int lineFeeds = 0;
        do
        {
            int end = FieldEnd(text, ref position, delimiter, quotes, out int start, out _, ref lineFeeds);
            fields.Add(Encoding.UTF8.GetString(text, start, Math.Max(0, end - start)));
        }
        while (position < text.Length);
        return fields;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ParseRows(TextBlock block, RawBlock rows, bool stopAtBadLine)
    {
        Span<byte> text = block.Bytes.AsSpan(0, block.Length);
        bool zeros = text.Contains((byte)0);

        // Without quotes, all separators are found before anything between them is read.
        bool plain = !quotes || !text.Contains((byte)'"');
        if (plain)
        {
            _scan.Places(text, delimiter, (byte)'\n', _separators);
        }

        int separator = 0;
        int position = 0;
        while (position < text.Length && !(stopAtBadLine && rows.BadLines.Count > 0))
        {
            int start = position;
            int lineFeeds = 0;
            int fields = plain ? TakeFields(text, ref position, ref separator) : FindFields(text, ref position, out lineFeeds);
            int line = rows.Lines + 1;
            rows.Lines += 1 + lineFeeds;
            ReadOnlySpan<byte> row = text[start..(position - 1)];
            if ((DefectOfRow(row, fields, line, zeros) ?? ParseFields(text, rows, line)) is { } bad)
            {
                rows.BadLines.Add(bad);
                foreach (RawBlock.TokenColumn tokens in rows.Tokens)
                {
                    tokens.Count = tokens.Offsets is null ? rows.Rows : rows.Rows == 0 ? 0 : tokens.Offsets[rows.Rows];
                }

                continue;
            }

            rows.Rows++;
        }
    }

    /// <summary>Takes the fields of a row without quotes; of more fields than there should be only the number is right.</summary>
    private int TakeFields(ReadOnlySpan<byte> text, ref int position, ref int separator)
    {
        int fields = 0;
        int last = _starts.Length - 1;
        int end;
        do
        {
            end = _separators[separator++];
            int slot = Math.Min(fields++, last);
            _starts[slot] = position;
            _ends[slot] = end;
            position = end + 1;
        }
        while (text[end] != (byte)'\n');
        int final = Math.Min(fields - 1, last);
        if (carriageReturns && end > _starts[final] && text[end - 1] == (byte)'\r')
        {
            _ends[final]--;
        }

        return fields;
    }

    /// <summary>Finds the fields of a row; of more fields than there should be only the number is right.</summary>
    private int FindFields(Span<byte> text, ref int position, out int lineFeeds)
    {
        int fields = 0;
        lineFeeds = 0;
        int last = _starts.Length - 1;
        bool inQuotes;
        do
        {
            int end = FieldEnd(text, ref position, delimiter, quotes, out int start, out inQuotes, ref lineFeeds);
            int slot = Math.Min(fields++, last);
            _starts[slot] = start;
            _ends[slot] = end;
        }
        while (text[position - 1] != (byte)'\n' && position < text.Length);
        int final = Math.Min(fields - 1, last);
        if (carriageReturns && !inQuotes && _ends[final] > _starts[final] && text[_ends[final] - 1] == (byte)'\r')
        {
            _ends[final]--;
        }

        return fields;
    }

    /// <summary>
    /// Finds a field's end, taking its quotes off; the position goes on behind its delimiter or line feed. Line feeds inside
    /// quotes are counted here, because afterwards the text is not what it was.
    /// </summary>
    private static int FieldEnd(
        Span<byte> text, ref int position, byte delimiter, bool quotes, out int start, out bool quoted, ref int lineFeeds)
    {
        start = position;
        quoted = quotes && text[position] == (byte)'"';
        if (!quoted)
        {
            int end = position + text[position..].IndexOfAny(delimiter, (byte)'\n');
            position = end + 1;
            return end;
        }

        start = ++position;
        int target = start;
        while (true)
        {
            int length = text[position..].IndexOf((byte)'"');
            if (length < 0)
            {
                // Not closed in this block: the row ends with the block, and is told apart by its end before its start.
                lineFeeds += text[position..^1].Count((byte)'\n');
                position = text.Length;
                start = text.Length;
                return text.Length - 1;
            }

            lineFeeds += text.Slice(position, length).Count((byte)'\n');
            if (target != position)
            {
                text.Slice(position, length).CopyTo(text[target..]);
            }

            target += length;
            position += length + 1;
            if (position < text.Length && text[position] == (byte)'"')
            {
                text[target++] = (byte)'"';
                position++;
                continue;
            }

            // What stands between the closing quote and the delimiter belongs to the field; of a line's end it is the CR.
            int rest = position < text.Length ? text[position..].IndexOfAny(delimiter, (byte)'\n') : 0;
            bool lineEnd = rest == 1 && text[position] == (byte)'\r' && text[position + 1] == (byte)'\n';
            if (!lineEnd)
            {
                text.Slice(position, rest).CopyTo(text[target..]);
                target += rest;
            }

            position += rest + 1;
            return target;
        }
    }

    private BadLine? DefectOfRow(ReadOnlySpan<byte> row, int fields, int line, bool zeros)
    {
        bool returned = row is [.., (byte)'\r'];
        if (returned != carriageReturns)
        {
            string expected = carriageReturns ? "CR LF" : "LF";
            return new BadLine(
                BadLineReason.CarriageReturn, line, 0, "", BadLine.Escape(row),
                $"ends with {(returned ? "CR LF" : "LF")}, the first row of the file with {expected}");
        }

        if (row.Length == (carriageReturns ? 1 : 0))
        {
            return new BadLine(BadLineReason.EmptyLine, line, 0, "", "", "is an empty line");
        }

        int last = Math.Min(fields, layout.Names.Count) - 1;
        if (_ends[last] < _starts[last])
        {
            return new BadLine(
                BadLineReason.FieldCount, line, last + 1, layout.Names[last], BadLine.Escape(row),
                "has a quote that is not closed (--quote=none reads quotes as letters)");
        }

        if (fields != layout.Names.Count)
        {
            return new BadLine(
                BadLineReason.FieldCount, line, 0, "", BadLine.Escape(row),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"has {fields} field{(fields == 1 ? "" : "s")}, the header has {layout.Names.Count}"));
        }

        return zeros && row.Contains((byte)0)
            ? new BadLine(BadLineReason.ZeroByte, line, 0, "", BadLine.Escape(row), "has a zero byte")
            : null;
    }

    private BadLine? ParseFields(Span<byte> text, RawBlock rows, int line)
    {
        rows.Reserve();
        int row = rows.Rows;
        ReadOnlySpan<byte> label = Field(text, layout.Label);
        if (!TryLabel(label, out rows.Labels[row]))
        {
            return Bad(BadLineReason.Label, line, layout.Label, label, "is not a label, expected a number from 0 to 1 (or name the values that count as 1 with --positive)");
        }

        for (int feature = 0; feature < layout.Dense.Length; feature++)
        {
            ReadOnlySpan<byte> field = Field(text, layout.Dense[feature]);
            if (!TryNumber(field, out rows.Dense[feature][row]))
            {
                return Bad(BadLineReason.NotANumber, line, layout.Dense[feature], field, "is not a number");
            }
        }

        for (int feature = 0; feature < layout.Sparse.Length; feature++)
        {
            if (ParseSparse(text, rows, feature, line) is { } bad)
            {
                return bad;
            }
        }

        return ParseExtras(text, rows, line);
    }

    private BadLine? ParseExtras(Span<byte> text, RawBlock rows, int line)
    {
        int row = rows.Rows;
        if (layout.Weight >= 0)
        {
            ReadOnlySpan<byte> field = Field(text, layout.Weight);
            if (!TryNumber(field, out double weight) || !(weight is >= 0 and <= float.MaxValue))
            {
                return Bad(BadLineReason.NotANumber, line, layout.Weight, field, "is not a weight, expected a number, 0 or more");
            }

            rows.Weights![row] = (float)weight;
        }

        if (layout.Group >= 0)
        {
            ReadOnlySpan<byte> field = Field(text, layout.Group);
            rows.Groups![row] = Utf8Parser.TryParse(field, out long number, out int used) && used == field.Length
                ? number
                : (long)ValueDictionary.Hash(field);
        }

        if (layout.Split >= 0)
        {
            ReadOnlySpan<byte> field = Field(text, layout.Split);
            if (layout.Rule.Kind == SplitKind.Hash)
            {
                rows.Keys![row] = (long)ValueDictionary.Hash(field);
            }
            else if (!layout.Rule.TryKey(field, out rows.Keys![row]))
            {
                return Bad(BadLineReason.NotANumber, line, layout.Split, field, "is not a time, expected a whole number or a date such as 2026-01-31T12:00:00");
            }
        }

        return null;
    }

    private BadLine? ParseSparse(Span<byte> text, RawBlock rows, int feature, int line)
    {
        SparseColumn column = layout.Schema.Sparse[feature];
        RawBlock.TokenColumn tokens = rows.Tokens[feature];
        int field = layout.Sparse[feature];
        int start = _starts[field];
        int end = _ends[field];
        if (column.Separator is null)
        {
            if (!TryCanonical(text, start, ref end, column.Type))
            {
                return BadType(text, line, field, start, end, column.Type);
            }

            // Whoever reads this field again, as the group or the part's key, sees the number in this form too.
            _ends[field] = end;
            tokens.Add(start, end - start);
            return null;
        }

        byte separator = (byte)column.Separator[0];
        int most = column.MaxLength == 0 ? int.MaxValue : column.MaxLength;
        for (int count = 0; start < end && count < most; count++)
        {
            int length = text[start..end].IndexOf(separator);
            int next = length < 0 ? end : start + length;
            int last = next;
            if (!TryCanonical(text, start, ref last, column.Type))
            {
                return BadType(text, line, field, start, next, column.Type);
            }

            tokens.Add(start, last - start);
            start = next + 1;
        }

        tokens.EndRow(rows.Rows);
        return null;
    }

    private BadLine BadType(Span<byte> text, int line, int field, int start, int end, SparseType type) => Bad(
        type == SparseType.Integer ? BadLineReason.NotANumber : BadLineReason.NotHexadecimal, line, field, text[start..end],
        type == SparseType.Integer
            ? "is not a whole number of 64 bits, as the schema says (type text takes anything)"
            : "is not a hexadecimal number of 64 bits, as the schema says (type text takes anything)");

    private ReadOnlySpan<byte> Field(Span<byte> text, int field) => text[_starts[field].._ends[field]];

    private BadLine Bad(BadLineReason reason, int line, int field, ReadOnlySpan<byte> value, string problem) =>
        new(reason, line, field + 1, layout.Names[field], Utf8.IsValid(value) && value.Length < 48 ? Encoding.UTF8.GetString(value) : BadLine.Escape(value), problem);
}
