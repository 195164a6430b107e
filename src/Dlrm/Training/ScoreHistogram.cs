namespace Dlrm.Training;

/// <summary>How many samples of each label score how much: bins of equal width from 0 up.</summary>
/// <param name="Upper">Where the last bin ends; scores above it are counted in that bin.</param>
/// <param name="Positives">Samples labelled 1, by bin.</param>
/// <param name="Negatives">Samples labelled 0, by bin.</param>
public sealed record ScoreHistogram(double Upper, IReadOnlyList<long> Positives, IReadOnlyList<long> Negatives)
{
    private const int Bins = 40;

    /// <summary>Width of a bin.</summary>
    public double Width => Upper / Positives.Count;

    /// <summary>
    /// Bins up to 1, or up to a round number that 99.5 % of the scores do not exceed: click rates are often so low that
    /// the unit interval would leave all in the first bins.
    /// </summary>
    internal static ScoreHistogram Of(RankedScores scores)
    {
        double upper = RoundUp(scores.ScoreAt((int)((scores.Count - 1) * 0.995)));
        long[] positives = new long[Bins];
        long[] negatives = new long[Bins];
        int place = 0;
        while (place < scores.Count)
        {
            TieGroup group = scores.Ascend(ref place);
            int bin = Math.Min((int)(group.Score / upper * Bins), Bins - 1);
            positives[bin] += group.Positives;
            negatives[bin] += group.Negatives;
        }

        return new ScoreHistogram(upper, positives, negatives);
    }

    /// <summary>The least of 10⁻⁶·{1, 2, 4, 10, 20, …} that is no less, 1 at most.</summary>
    private static double RoundUp(double score)
    {
        foreach (double upper in (ReadOnlySpan<double>)
            [1e-6, 2e-6, 4e-6, 1e-5, 2e-5, 4e-5, 1e-4, 2e-4, 4e-4, 1e-3, 2e-3, 4e-3, 0.01, 0.02, 0.04, 0.1, 0.2, 0.4])
        {
            if (score <= upper)
            {
                return upper;
            }
        }

        return 1;
    }
}
