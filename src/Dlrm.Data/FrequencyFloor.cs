namespace Dlrm.Data;

/// <summary>A floor on how often a category must occur: rarer ones have too few rows to learn an embedding from.</summary>
internal static class FrequencyFloor
{
    /// <summary>
    /// Renumbers a table's indices: those that at least <paramref name="atLeast"/> training rows have become 1, 2, … in the
    /// order of their first appearance there; all others, and those that only other rows have, become 0.
    /// </summary>
    /// <param name="rows">Changed in place.</param>
    /// <param name="table">The table.</param>
    /// <param name="trainRows">The first so many rows are counted, no other.</param>
    /// <param name="atLeast">1 or more.</param>
    /// <returns>Rows that the table needs from now on.</returns>
    public static int Apply(TabularDataSet rows, int table, int trainRows, int atLeast) =>
        Apply(rows, table, trainRows, atLeast, out _);

    /// <summary>The same, and tells the renumbering.</summary>
    /// <param name="rows">Changed in place.</param>
    /// <param name="table">The table.</param>
    /// <param name="trainRows">The first so many rows are counted, no other.</param>
    /// <param name="atLeast">1 or more.</param>
    /// <param name="numbers">(rows of the table before): the index that each has now, 0 for those that share it.</param>
    /// <returns>Rows that the table needs from now on.</returns>
    public static int Apply(TabularDataSet rows, int table, int trainRows, int atLeast, out int[] numbers)
    {
        int[] counts = new int[rows.TableRows[table]];
        for (int row = 0; row < trainRows; row++)
        {
            counts[rows.Index(row, table)]++;
        }

        // 0: not numbered yet; the order of rows decides the numbers, so they need no sorting.
        numbers = new int[counts.Length];
        int next = 1;
        for (int row = 0; row < rows.Rows; row++)
        {
            ref int index = ref rows.Index(row, table);
            if (numbers[index] == 0 && counts[index] >= atLeast)
            {
                numbers[index] = next++;
            }

            index = numbers[index];
        }

        return next;
    }
}
