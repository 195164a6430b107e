using Dlrm.Random;

namespace Dlrm.Data.Criteo;

/// <summary>The orders in which the reference reads training rows.</summary>
internal static class CriteoOrder
{
    /// <summary>Training row numbers in the order they are read, or null for file order; draws what the reference draws.</summary>
    /// <param name="randomize">What is shuffled.</param>
    /// <param name="days">Rows of each day; the last day is not for training.</param>
    /// <param name="memoryMap">True for the order that goes with <c>--memory-map</c>.</param>
    /// <param name="random">The run's generator.</param>
    public static int[]? Draw(CriteoRandomize randomize, IReadOnlyList<int> days, bool memoryMap, NumpyRandom random)
    {
        if (randomize == CriteoRandomize.None)
        {
            return null;
        }

        if (memoryMap)
        {
            return MemoryMapped(randomize, days, random);
        }

        // The reference makes its test set the same way, and throws that order away: the draws must be made all the same.
        int[] order = InMemory(randomize, days, random);
        _ = InMemory(randomize, days, random);
        return order;
    }

    private static int[] InMemory(CriteoRandomize randomize, IReadOnlyList<int> days, NumpyRandom random)
    {
        int train = days.SkipLast(1).Sum();
        return randomize == CriteoRandomize.Total ? random.Permutation(train) : WithinDays(Enumerable.Range(0, train).ToArray(), days, random);
    }

    /// <summary>
    /// Each row goes to a day at random, another one where that is full (total only); then each day is permuted. Source:
    /// facebookresearch/dlrm, data_utils.py, concatCriteoAdData, its Fisher-Yates-Rao shuffle.
    /// </summary>
    private static int[] MemoryMapped(CriteoRandomize randomize, IReadOnlyList<int> days, NumpyRandom random)
    {
        int training = days.Count - 1;
        var order = Enumerable.Range(0, days.SkipLast(1).Sum()).ToArray();
        if (randomize == CriteoRandomize.Total)
        {
            Distribute(order, days, training, random);
        }

        return WithinDays(order, days, random);
    }

    private static void Distribute(int[] order, IReadOnlyList<int> days, int training, NumpyRandom random)
    {
        var ends = new int[training];
        var next = new int[training];
        for (int day = 0; day < training; day++)
        {
            next[day] = day == 0 ? 0 : ends[day - 1];
            ends[day] = next[day] + days[day];
        }

        int row = 0;
        for (int day = 0; day < days.Count; day++)
        {
            // All of a day's draws come before its retries, and the last day's are drawn and not used.
            var draws = new int[days[day]];
            foreach (ref int draw in draws.AsSpan())
            {
                draw = (int)random.NextInterval((ulong)training - 1);
            }

            if (day == training)
            {
                break;
            }

            foreach (int draw in draws)
            {
                int target = draw;
                while (next[target] == ends[target])
                {
                    target = (int)random.NextInterval((ulong)training - 1);
                }

                order[next[target]++] = row++;
            }
        }
    }

    private static int[] WithinDays(int[] rows, IReadOnlyList<int> days, NumpyRandom random)
    {
        var order = new int[rows.Length];
        int start = 0;
        foreach (int count in days.SkipLast(1))
        {
            int[] day = random.Permutation(count);
            for (int row = 0; row < count; row++)
            {
                order[start + row] = rows[start + day[row]];
            }

            start += count;
        }

        return order;
    }
}
