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
    public static int Apply(TabularDataSet rows, int table, int trainRows, int atLeast)
    {
        var values = new HashSet<int>();
        for (int row = 0; row < trainRows && values.Count <= MostValues; row++)
        {
            values.Add(rows.Index(row, table));
        }

        bool binned = values.Count > MostValues;
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

        return numbers.Count + 1;
    }

    /// <summary>⌊ln(v)²⌋ for v above 2.</summary>
    internal static int Bin(int value)
    {
        double logarithm = LogarithmOfOnePlus.Of(value - 1);
        return (int)(logarithm * logarithm);
    }

    private static long Category(int value, bool binned) => binned && value > 2 ? FirstBin + Bin(value) : value;
}
