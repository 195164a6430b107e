using Dlrm.Training;

namespace Dlrm.Reports.Charts;

/// <summary>Some consecutive training intervals taken together.</summary>
/// <param name="Step">Last step.</param>
/// <param name="Mean">Sample-weighted mean loss.</param>
/// <param name="Low">The least interval's loss.</param>
/// <param name="High">The greatest interval's loss.</param>
internal readonly record struct LossPoint(long Step, double Mean, double Low, double High);

/// <summary>A run's training loss in no more points than can be told apart.</summary>
internal static class LossHistory
{
    /// <summary>The intervals, or, where there are more than <paramref name="limit"/>, runs of equally many.</summary>
    /// <param name="records">In order. An interval whose loss is no number is left out.</param>
    /// <param name="limit">Points at most.</param>
    public static IReadOnlyList<LossPoint> Reduce(IReadOnlyList<TrainRecord> records, int limit)
    {
        var points = new List<LossPoint>(Math.Min(records.Count, limit));
        int together = Math.Max(1, (records.Count + limit - 1) / limit);
        long before = 0;
        for (int start = 0; start < records.Count; start += together)
        {
            double sum = 0;
            double weight = 0;
            double low = double.PositiveInfinity;
            double high = double.NegativeInfinity;
            int end = Math.Min(start + together, records.Count);
            for (int index = start; index < end; index++)
            {
                double loss = records[index].Loss;
                double samples = Math.Max(1, records[index].Samples - before);
                before = records[index].Samples;
                if (double.IsFinite(loss))
                {
                    sum += loss * samples;
                    weight += samples;
                    low = Math.Min(low, loss);
                    high = Math.Max(high, loss);
                }
            }

            if (weight > 0)
            {
                points.Add(new LossPoint(records[end - 1].Step, sum / weight, low, high));
            }
        }

        return points;
    }
}
