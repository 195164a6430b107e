namespace Dlrm.Serving.Metrics;

/// <summary>How the scores of one engine are distributed. One thread counts, any thread reads.</summary>
/// <param name="upper">Where the last of the equal bins ends; scores above it are counted there.</param>
/// <param name="bins">Bins.</param>
internal sealed class ScoreCounts(double upper, int bins)
{
    private readonly long[] _counts = new long[bins];
    private readonly float _scale = (float)(bins / upper);

    /// <summary>Counts scores.</summary>
    public void Add(ReadOnlySpan<float> scores)
    {
        foreach (float score in scores)
        {
            // A score that is no number belongs in no bin; comparison keeps it out of the conversion.
            int bin = score * _scale < _counts.Length ? (int)(score * _scale) : _counts.Length - 1;
            Volatile.Write(ref _counts[bin], _counts[bin] + 1);
        }
    }

    /// <summary>Adds what was counted so far.</summary>
    /// <param name="sums">By bin.</param>
    public void AddTo(Span<long> sums)
    {
        for (int bin = 0; bin < sums.Length; bin++)
        {
            sums[bin] += Volatile.Read(ref _counts[bin]);
        }
    }
}
