namespace Dlrm.Training;

/// <summary>Samples of similar score: what was predicted, and what came.</summary>
/// <param name="Samples">Samples of the bin.</param>
/// <param name="MeanScore">Mean of their scores.</param>
/// <param name="LabelRate">Share of positives among them.</param>
/// <param name="Low">Lower end of the rate's 95 % interval (Wilson 1927).</param>
/// <param name="High">Upper end of the rate's 95 % interval.</param>
public readonly record struct CalibrationBin(long Samples, double MeanScore, double LabelRate, double Low, double High);

/// <summary>A reliability diagram: bins of about equal count by ascending score, ties never parted.</summary>
internal static class CalibrationCurve
{
    private const int MaxBins = 15;
    private const int LeastInBin = 20;
    private const double Z95 = 1.959963984540054;

    /// <summary>At most 15 bins; fewer where samples are few or scores are tied.</summary>
    public static CalibrationBin[] Bins(RankedScores scores)
    {
        int wanted = Math.Clamp(scores.Count / LeastInBin, 1, MaxBins);
        var bins = new List<CalibrationBin>(wanted);
        int place = 0;
        while (place < scores.Count)
        {
            // The end that equal shares would give; the bin goes on to the end of the ties there.
            long end = Math.Max(place + 1L, ((long)(bins.Count + 1) * scores.Count) / wanted);
            int first = place;
            long positives = 0;
            var sum = default(CompensatedSum);
            while (place < end)
            {
                TieGroup group = scores.Ascend(ref place);
                positives += group.Positives;
                sum.Add((double)group.Score * group.Count);
            }

            bins.Add(Bin(place - first, positives, sum.Value));
        }

        return [.. bins];
    }

    /// <summary>The Wilson interval of a rate: where the score test at 95 % does not refuse it.</summary>
    /// <param name="positives">Successes.</param>
    /// <param name="samples">Trials, 1 or more.</param>
    public static (double Low, double High) Wilson(long positives, long samples)
    {
        double rate = (double)positives / samples;
        double square = Z95 * Z95 / samples;
        double centre = (rate + (square / 2)) / (1 + square);
        double half = Z95 * Math.Sqrt((rate * (1 - rate) / samples) + (square / samples / 4)) / (1 + square);
        return (Math.Max(0, centre - half), Math.Min(1, centre + half));
    }

    private static CalibrationBin Bin(long samples, long positives, double scoreSum)
    {
        (double low, double high) = Wilson(positives, samples);
        return new CalibrationBin(samples, scoreSum / samples, (double)positives / samples, low, high);
    }
}
