namespace Dlrm.Data.Preprocessing;

/// <summary>Finds the most frequent values without sorting all of them.</summary>
internal static class MostFrequent
{
    private const int Most = 3;

    /// <summary>Numbers of the three most frequent values, the first of equal ones first.</summary>
    /// <param name="counts">How often each value occurs.</param>
    public static IReadOnlyList<int> Of(ReadOnlySpan<long> counts)
    {
        var top = new List<int>(Most + 1);
        long least = 0;
        for (int value = 0; value < counts.Length; value++)
        {
            if (counts[value] <= least && top.Count == Most)
            {
                continue;
            }

            int place = top.Count;
            while (place > 0 && counts[top[place - 1]] < counts[value])
            {
                place--;
            }

            top.Insert(place, value);
            if (top.Count > Most)
            {
                top.RemoveAt(Most);
            }

            least = counts[top[^1]];
        }

        return top;
    }
}
