using Dlrm.Data.Lines;

namespace Dlrm.Data.Preprocessing;

/// <summary>Guesses from the first rows of a file what its columns are: a start for a person to correct.</summary>
/// <remarks>
/// The label is the named column, else one called label, click, clicked, target, y or class, else the first with the two
/// values 0 and 1, else the last one if it has two values. Columns of numbers with more than 20 different values that do not look like codes are dense; columns
/// with a different value in nearly each row are left out, as row numbers and free text are; the rest is categorical.
/// </remarks>
public static class SchemaInference
{
    private static readonly string[] LabelNames = ["label", "click", "clicked", "is_click", "target", "y", "class", "conversion"];

    /// <summary>Reads the first block of a file, some hundreds or thousands of rows.</summary>
    /// <param name="file">Delimited text with a header.</param>
    /// <param name="delimiter">Null to find out.</param>
    /// <param name="quotes">Null to find out.</param>
    /// <param name="label">The label's column; empty to guess.</param>
    /// <exception cref="BadDataException">The file has no header or no rows, or no column looks like a label.</exception>
    public static DataSchema Infer(string file, char? delimiter, bool? quotes, string label)
    {
        var header = Header.Read(file, delimiter, quotes);
        using LineBlockReader reader = header.Open(4, CancellationToken.None);
        TextBlock? block = reader.Next();
        if (block is not { Kind: TextBlockKind.Lines })
        {
            throw new BadDataException(file, "has no rows after its header.");
        }

        Column[] columns = Sample(header, block);
        string target = label.Length > 0 ? label : Label(header, columns)
            ?? throw new BadDataException(file, "no column looks like a label; name it with --label.");
        int place = header.Names.ToList().IndexOf(target);
        if (place < 0)
        {
            throw new BadDataException(file, $"has no column '{target}'; its columns are {string.Join(", ", header.Names)}.");
        }

        var others = columns.Where((_, column) => column != place).ToList();
        return new DataSchema
        {
            Label = target,
            Positive = columns[place].IsBinary ? [] : [columns[place].Values.OrderBy(pair => pair.Value).First().Key],
            Dense = [.. others.Where(column => column.IsDense).Select(column => new DenseColumn { Column = column.Name, Log1p = true, Scale = DenseScale.Standardize })],
            Sparse = [.. others.Where(column => column is { IsDense: false, IsKey: false }).Select(column => column.Sparse())],
            Missing = columns.Any(column => column.Values.ContainsKey("?")) ? ["?"] : [],
        };
    }

    private static Column[] Sample(Header header, TextBlock block)
    {
        Column[] columns = [.. header.Names.Select(name => new Column(name))];
        foreach (IReadOnlyList<string> fields in Rows(header, block))
        {
            if (fields.Count == columns.Length)
            {
                for (int column = 0; column < columns.Length; column++)
                {
                    columns[column].Add(fields[column]);
                }
            }
        }

        return columns;
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(Header header, TextBlock block)
    {
        int start = 0;
        while (start < block.Length)
        {
            int end = start + block.Bytes.AsSpan(start, block.Length - start).IndexOf((byte)'\n');
            while (header.Quotes && end < block.Length - 1 && block.Bytes.AsSpan(start, end - start).Count((byte)'"') % 2 == 1)
            {
                int next = block.Bytes.AsSpan(end + 1, block.Length - end - 1).IndexOf((byte)'\n');
                end = next < 0 ? block.Length - 1 : end + 1 + next;
            }

            int length = end - start - (end > start && block.Bytes[end - 1] == (byte)'\r' ? 1 : 0);
            yield return DelimitedParser.Fields(block.Bytes.AsSpan(start, length), header.Delimiter, header.Quotes);
            start = end + 1;
        }
    }

    private static string? Label(Header header, Column[] columns) =>
        header.Names.FirstOrDefault(name => LabelNames.Contains(name.ToLowerInvariant()))
        ?? columns.FirstOrDefault(column => column.IsBinary)?.Name
        ?? (columns[^1].Values.Count == 2 ? columns[^1].Name : null);

    /// <summary>What was seen of a column.</summary>
    private sealed class Column(string name)
    {
        private int _rows;
        private int _numbers;
        private int _missing;
        private int _padded;
        private int _separated;

        public string Name => name;

        public Dictionary<string, int> Values { get; } = new(StringComparer.Ordinal);

        public bool IsBinary => Values.Count == 2 && Values.ContainsKey("0") && Values.ContainsKey("1");

        /// <summary>Numbers of many values; codes with leading zeros and numbers of ids are none.</summary>
        public bool IsDense => _numbers > 0 && _numbers + _missing == _rows && Values.Count > 20 && _padded == 0 && !IsIdentifier;

        public bool IsKey => Values.Count > 0.9 * _rows && _rows > 20 && !IsDense;

        private bool IsIdentifier => name.EndsWith("id", StringComparison.OrdinalIgnoreCase);

        public void Add(string value)
        {
            _rows++;
            Values[value] = Values.GetValueOrDefault(value) + 1;
            if (value is "" or "?")
            {
                _missing++;
            }
            else if (double.TryParse(value, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out double number) && double.IsFinite(number))
            {
                _numbers++;
                _padded += value.Length > 1 && value[0] == '0' && char.IsAsciiDigit(value[1]) ? 1 : 0;
            }

            _separated += value.Contains('|', StringComparison.Ordinal) ? 1 : 0;
        }

        public SparseColumn Sparse() => new()
        {
            Column = name,
            Separator = _separated * 5 > _rows ? "|" : null,
            MinFrequency = Values.Count > 100 ? 4 : 1,
        };
    }
}
