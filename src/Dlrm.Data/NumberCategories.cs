using System.Buffers.Text;
using System.Globalization;

namespace Dlrm.Data;

/// <summary>
/// Whole numbers as categories, so that an embedding can learn what a logarithm smooths away: that a gain of 7,688 is
/// always, and one of 6,849 never, a sign of the label.
/// </summary>
/// <remarks>
/// Where the training rows have at most 256 values of a feature, each is a category. Where they have more, a category is a
/// missing value, each value up to 2, and for larger ones ⌊ln(v)²⌋, the rule of the winners of Criteo's challenge.
/// Categories that too few training rows have share row 0 with all that only other rows have.
/// </remarks>
internal static class NumberCategories
{
    /// <summary>What stands for a missing value.</summary>
    public const int Missing = int.MinValue;

    /// <summary>Distinct values above which a feature is divided into bins.</summary>
    private const int MostValues = 256;

    /// <summary>Bins have numbers beyond those of values.</summary>
    private const long FirstBin = 1L << 32;

    /// <summary>Turns a column of whole numbers, which lies where a table's indices will, into indices.</summary>
    /// <param name="rows">Changed in place.</param>
    /// <param name="table">The column.</param>
    /// <param name="trainRows">The first so many rows are counted, no other.</param>
    /// <param name="atLeast">Training rows that a category needs, 1 or more.</param>
    /// <returns>Rows that the table needs.</returns>
    public static int Apply(TabularDataSet rows, int table, int trainRows, int atLeast) =>
        Apply(rows, table, trainRows, atLeast, out _).Count + 1;

    /// <summary>The same, and tells the categories.</summary>
    /// <param name="rows">Changed in place.</param>
    /// <param name="table">The column.</param>
    /// <param name="trainRows">The first so many rows are counted, no other.</param>
    /// <param name="atLeast">Training rows that a category needs, 1 or more.</param>
    /// <param name="binned">True when numbers above 2 were divided into bins.</param>
    /// <returns>The text of the categories with the indices 1, 2, …; of a missing value it is empty.</returns>
    public static List<string> Apply(TabularDataSet rows, int table, int trainRows, int atLeast, out bool binned)
    {
        var values = new HashSet<int>();
        for (int row = 0; row < trainRows && values.Count <= MostValues; row++)
        {
            values.Add(rows.Index(row, table));
        }

        binned = values.Count > MostValues;
        var counts = new Dictionary<long, int>();
        for (int row = 0; row < trainRows; row++)
        {
            long category = Category(rows.Index(row, table), binned);
            counts[category] = counts.GetValueOrDefault(category) + 1;
        }

        var numbers = new Dictionary<long, int>();
        for (int row = 0; row < rows.Rows; row++)
        {
            ref int index = ref rows.Index(row, table);
            long category = Category(index, binned);
            if (!numbers.TryGetValue(category, out int number) && counts.GetValueOrDefault(category) >= atLeast)
            {
                numbers.Add(category, number = numbers.Count + 1);
            }

            index = number;
        }

        return [.. numbers.OrderBy(entry => entry.Value).Select(entry => Name(entry.Key))];
    }

    /// <summary>The text of a whole number's category where numbers are divided into bins.</summary>
    /// <param name="number">The digits; overwritten.</param>
    /// <param name="length">How many bytes they are.</param>
    /// <returns>The text, in the same memory.</returns>
    internal static ReadOnlySpan<byte> Name(Span<byte> number, int length)
    {
        if (!Utf8Parser.TryParse(number[..length], out long value, out _) || value <= 2)
        {
            return number[..length];
        }

        BinPrefix.CopyTo(number);
        Utf8Formatter.TryFormat(Bin((int)Math.Min(value, int.MaxValue)), number[BinPrefix.Length..], out int digits);
        return number[..(BinPrefix.Length + digits)];
    }

    /// <summary>⌊ln(v)²⌋ for v above 2.</summary>
    internal static int Bin(int value)
    {
        double logarithm = LogarithmOfOnePlus.Of(value - 1);
        return (int)(logarithm * logarithm);
    }

    private static ReadOnlySpan<byte> BinPrefix => "bin "u8;

    private static string Name(long category) =>
        category == Missing ? ""
        : category >= FirstBin ? string.Create(CultureInfo.InvariantCulture, $"bin {category - FirstBin}")
        : category.ToString(CultureInfo.InvariantCulture);

    private static long Category(int value, bool binned) => binned && value > 2 ? FirstBin + Bin(value) : value;
}
