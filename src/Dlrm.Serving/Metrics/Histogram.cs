namespace Dlrm.Serving.Metrics;

/// <summary>A Prometheus histogram: how many observations were at or below each bound, and their sum. Any thread.</summary>
internal sealed class Histogram
{
    /// <summary>Seconds from 50 µs to 10 s.</summary>
    public static readonly double[] Seconds =
        [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    /// <summary>Powers of two from 1 to 4,096.</summary>
    public static readonly double[] PowersOfTwo = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

    private const double Unit = 1e9; // the sum is kept in billionths, so that adding to it is one atomic operation

    private readonly double[] _bounds;
    private readonly long[] _counts;
    private long _sum;

    /// <summary>An empty histogram.</summary>
    /// <param name="bounds">Ascending.</param>
    public Histogram(double[] bounds)
    {
        _bounds = bounds;
        _counts = new long[bounds.Length + 1];
    }

    /// <summary>Counts a value.</summary>
    public void Observe(double value)
    {
        int bin = 0;
        while (bin < _bounds.Length && value > _bounds[bin])
        {
            bin++;
        }

        Interlocked.Increment(ref _counts[bin]);
        Interlocked.Add(ref _sum, (long)(value * Unit));
    }

    /// <summary>Observations so far.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            for (int bin = 0; bin < _counts.Length; bin++)
            {
                count += Interlocked.Read(ref _counts[bin]);
            }

            return count;
        }
    }

    /// <summary>The value that a share of the observations does not exceed, to the next bound; 0 without observations.</summary>
    /// <param name="share">E.g. 0.99.</param>
    public double Quantile(double share)
    {
        long wanted = (long)Math.Ceiling(Count * share);
        long seen = 0;
        for (int bin = 0; bin < _bounds.Length; bin++)
        {
            seen += Interlocked.Read(ref _counts[bin]);
            if (seen >= wanted && wanted > 0)
            {
                return _bounds[bin];
            }
        }

        return wanted == 0 ? 0 : _bounds[^1];
    }

    /// <summary>Writes it.</summary>
    public void Write(MetricsText text, string name, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        long seen = 0;
        for (int bin = 0; bin <= _bounds.Length; bin++)
        {
            seen += Interlocked.Read(ref _counts[bin]);
            string bound = bin < _bounds.Length ? MetricsText.Number(_bounds[bin]) : "+Inf";
            text.Sample(name + "_bucket", seen, [.. labels, ("le", bound)]);
        }

        text.Sample(name + "_sum", Interlocked.Read(ref _sum) / Unit, labels);
        text.Sample(name + "_count", seen, labels);
    }
}
