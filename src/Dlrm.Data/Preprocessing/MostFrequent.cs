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
        for (int value = 0; value < counts.Length; value++)
        {
            if (top.Count == Most && counts[value] <= counts[top[^1]])
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
        }

        return top;
    }
}
