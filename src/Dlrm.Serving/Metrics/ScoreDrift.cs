using Dlrm.Checkpoints;

namespace Dlrm.Serving.Metrics;

/// <summary>Compares the distribution of a version's scores with that of the test scores at the end of training.</summary>
/// <remarks>
/// The population stability index, Σ (q − p)·ln(q / p) over bins, p the share in training and q the share since the version
/// was loaded. Neighbouring bins of the recorded histogram are put together until each holds a twentieth of the training
/// scores, so that no rare bin decides. Usual readings: below 0.1 alike, above 0.25 another population.
/// </remarks>
internal sealed class ScoreDrift
{
    /// <summary>Shares below this count as this, as is usual: an empty bin must not be infinite.</summary>
    private const double LeastShare = 1e-4;

    private const double GroupShare = 0.05;
    private const int DefaultBins = 40;

    private readonly RecordedDistribution? _training;
    private readonly int[] _groupOf;
    private readonly double[] _shares;
    private readonly List<ScoreCounts> _counts = [];

    /// <summary>For a version.</summary>
    /// <param name="training">Its recorded distribution; null for none.</param>
    public ScoreDrift(RecordedDistribution? training)
    {
        _training = training is { Upper: > 0, Counts.Count: > 0 } && training.Counts.Sum() > 0 ? training : null;
        _groupOf = new int[_training?.Counts.Count ?? 0];
        _shares = _training is null ? [] : Group(_training.Counts, _groupOf);
    }

    private int Bins => _training?.Counts.Count ?? DefaultBins;

    private double Upper => _training?.Upper ?? 1;

    /// <summary>Counts for one more engine.</summary>
    public ScoreCounts NewCounts()
    {
        var counts = new ScoreCounts(Upper, Bins);
        _counts.Add(counts);
        return counts;
    }

    /// <summary>Scores by bin so far: cumulative counts at the bins' upper ends.</summary>
    public (double Bound, long AtMost)[] Cumulative()
    {
        long[] counts = Sum();
        var cumulative = new (double, long)[counts.Length];
        long seen = 0;
        for (int bin = 0; bin < counts.Length; bin++)
        {
            seen += counts[bin];
            cumulative[bin] = (Upper * (bin + 1) / Bins, seen);
        }

        return cumulative;
    }

    /// <summary>The index; null without a recorded distribution, or without scores.</summary>
    public double? StabilityIndex()
    {
        long[] counts = Sum();
        long all = counts.Sum();
        if (_training is null || all == 0)
        {
            return null;
        }

        double[] live = new double[_shares.Length];
        for (int bin = 0; bin < counts.Length; bin++)
        {
            live[_groupOf[bin]] += (double)counts[bin] / all;
        }

        double index = 0;
        for (int group = 0; group < live.Length; group++)
        {
            double p = Math.Max(_shares[group], LeastShare);
            double q = Math.Max(live[group], LeastShare);
            index += (q - p) * Math.Log(q / p);
        }

        return index;
    }

    private static double[] Group(IReadOnlyList<long> counts, int[] groupOf)
    {
        double all = counts.Sum();
        var shares = new List<double> { 0 };
        for (int bin = 0; bin < counts.Count; bin++)
        {
            if (shares[^1] >= GroupShare)
            {
                shares.Add(0);
            }

            groupOf[bin] = shares.Count - 1;
            shares[^1] += counts[bin] / all;
        }

        return [.. shares];
    }

    private long[] Sum()
    {
        long[] sums = new long[Bins];
        foreach (ScoreCounts counts in _counts)
        {
            counts.AddTo(sums);
        }

        return sums;
    }
}
