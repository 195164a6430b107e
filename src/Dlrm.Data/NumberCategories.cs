namespace Dlrm.Data;

/// <summary>
/// Whole numbers as categories, so that an embedding can learn what a logarithm smooths away: that a gain of 7,688 is
/// always, and one of 6,849 never, a sign of the label.
/// </summary>
/// <remarks>
/// A value that enough training rows have is a category of its own. Rarer ones share one with their like: a missing
/// value, values up to 2 as they are, larger ones by ⌊ln(v)²⌋, the rule of the winners of Criteo's challenge. Of these
/// too, those that too few training rows have share row 0, with all that only other rows have.
/// </remarks>
internal static class NumberCategories
{
    /// <summary>What stands for a missing value.</summary>
    public const int Missing = int.MinValue;

    /// <summary>Bins have numbers beyond those of values.</summary>
    private const long FirstBin = 1L << 32;

    /// <summary>Turns a column of whole numbers, which lies where a table's indices will, into indices.</summary>
    /// <param name="rows">Changed in place.</param>
    /// <param name="table">The column.</param>
    /// <param name="trainRows">The first so many rows are counted, no other.</param>
    /// <param name="atLeast">Training rows that a category needs, 1 or more.</param>
    /// <returns>Rows that the table needs.</returns>
    public static int Apply(TabularDataSet rows, int table, int trainRows, int atLeast)
    {
        var values = new Dictionary<long, int>();
        for (int row = 0; row < trainRows; row++)
        {
            Count(values, rows.Index(row, table));
        }

        var categories = new Dictionary<long, int>();
        for (int row = 0; row < trainRows; row++)
        {
            Count(categories, Category(values, rows.Index(row, table), atLeast));
        }

        var numbers = new Dictionary<long, int>();
        for (int row = 0; row < rows.Rows; row++)
        {
            ref int index = ref rows.Index(row, table);
            long category = Category(values, index, atLeast);
            if (!numbers.TryGetValue(category, out int number) && categories.GetValueOrDefault(category) >= atLeast)
            {
                numbers.Add(category, number = numbers.Count + 1);
            }

            index = number;
        }

        return numbers.Count + 1;
    }

    /// <summary>⌊ln(v)²⌋ for v above 2.</summary>
    internal static int Bin(int value)
    {
        double logarithm = LogarithmOfOnePlus.Of(value - 1);
        return (int)(logarithm * logarithm);
    }

    private static long Category(Dictionary<long, int> values, int value, int atLeast) =>
        values.GetValueOrDefault(value) >= atLeast || value <= 2 ? value : FirstBin + Bin(value);

    private static void Count(Dictionary<long, int> counts, long key) =>
        counts[key] = counts.GetValueOrDefault(key) + 1;
}
