using System.Globalization;
using Dlrm.Layers;

namespace Dlrm.Checkpoints;

/// <summary>Says of a saved tensor which rows and columns of a whole one it holds: a text in the head of its file.</summary>
/// <param name="Whole">The whole tensor's name.</param>
/// <param name="Region">The rows and columns; a tensor of one dimension has one column.</param>
/// <param name="Dimensions">Dimensions of the whole tensor: 1 or 2.</param>
internal sealed record TensorPart(string Whole, ShardRegion Region, int Dimensions)
{
    private const string Mark = "part ";

    /// <summary>The part's own name in the file of a rank.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{Whole} [{Region.FirstRow}, {Region.FirstColumn}]");

    /// <summary>The whole tensor's extents.</summary>
    public long[] Shape => Dimensions == 1 ? [Region.Rows] : [Region.Rows, Region.Columns];

    /// <summary>Elements of the part.</summary>
    public long Elements => (long)Region.RowCount * Region.ColumnCount;

    /// <summary>The part that a tensor of a rank is; null where it is whole.</summary>
    /// <param name="name">The whole tensor's name.</param>
    /// <param name="region">What the rank has of the table; null for all.</param>
    /// <param name="dimensions">Of the tensor: one that has a number a row is not divided by columns.</param>
    public static TensorPart? Of(string name, ShardRegion? region, int dimensions)
    {
        ShardRegion? own = dimensions == 1 && region is not null ? region with { Columns = 1, FirstColumn = 0, ColumnCount = 1 } : region;
        return own is null or { IsWhole: true } ? null : new TensorPart(name, own, dimensions);
    }

    /// <summary>The key of the text.</summary>
    /// <param name="name">The part's name.</param>
    public static string Key(string name) => Mark + name;

    /// <summary>The text.</summary>
    public string Format() => string.Join(
        ' ',
        Dimensions,
        Region.Rows,
        Region.Columns,
        Region.FirstRow,
        Region.RowCount,
        Region.FirstColumn,
        Region.ColumnCount,
        Region.Hash is null ? "rows" : "places",
        Whole);

    /// <summary>Reads the text.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="text">What <see cref="Format"/> wrote.</param>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static TensorPart Parse(string file, string text)
    {
        string[] words = text.Split(' ', 9);
        int[] numbers = [.. words.Take(7).Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1)];
        if (words.Length != 9
            || numbers is not [1 or 2, >= 1, >= 1, >= 0, >= 1, >= 0, >= 1]
            || numbers[3] > numbers[1] - numbers[4]
            || numbers[5] > numbers[2] - numbers[6]
            || words[7] is not ("rows" or "places"))
        {
            throw new InvalidDataException($"{file}: '{text}' does not say which part of a tensor it holds.");
        }

        RowHash? hash = words[7] == "places" ? new RowHash(numbers[1]) : null;
        return new TensorPart(words[8], new ShardRegion(numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], hash), numbers[0]);
    }
}
