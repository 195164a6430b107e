using System.Globalization;

namespace Dlrm.Cli.Options;

/// <summary>What is said table by table.</summary>
internal static class TableOptions
{
    public static readonly ToolOption<IReadOnlyList<string>> Pooling = new(
        "pooling", OptionGroup.Model, new WordList("sum", "mean"), ["sum"],
        "how a bag's rows become one vector, for all tables or one word a table with commas between", "sum")
    {
        IsNew = true,
    };

    public static readonly ToolOption<IReadOnlyList<int>> MaxIndexPerTable = new(
        "max-ind-range-per-table", OptionGroup.Data, new Bounds(), [],
        "indices of each table are taken modulo its number, which bounds the table's rows; 0 for no bound", "no bounds")
    {
        IsNew = true,
    };
}

/// <summary>Words of a few, with commas between: <c>sum,mean,sum</c>.</summary>
internal sealed record WordList(params string[] Words) : ValueKind<IReadOnlyList<string>>(string.Join('|', Words) + "[,…]")
{
    public override IReadOnlyList<string> Parse(string text)
    {
        string[] words = text.Split(',', StringSplitOptions.TrimEntries);
        return words.All(word => Words.Contains(word, StringComparer.Ordinal))
            ? words
            : throw new FormatException($"{string.Join(" or ", Words)}, or one of them for each table with commas between");
    }

    public override string Format(IReadOnlyList<string> value) => string.Join(',', value);
}

/// <summary>Whole numbers, 0 or more each, with dashes between: <c>1000-0-50</c>.</summary>
internal sealed record Bounds() : ValueKind<IReadOnlyList<int>>("N-N-…")
{
    public override IReadOnlyList<int> Parse(string text)
    {
        string[] parts = text.Split('-');
        int[] bounds = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out bounds[i]))
            {
                throw new FormatException("whole numbers, 0 (no bound) or more, with dashes between, such as 1000-0-50");
            }
        }

        return bounds;
    }

    public override string Format(IReadOnlyList<int> value) => string.Join('-', value);
}
