using System.Numerics;

namespace Dlrm.LoadTest;

/// <summary>
/// Latencies to three digits at any size, as HdrHistogram keeps them: each power of two of microseconds is divided into 512
/// equal bins, so a value is known to 0.2 %.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 9;
    private const int Powers = 34; // to about four hours

    private readonly long[] _counts = new long[(Powers + 1) << SubBits];
    private long _count;

    /// <summary>Latencies so far.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Counts one; any thread.</summary>
    public void Record(TimeSpan latency)
    {
        long microseconds = Math.Max(0, (long)latency.TotalMicroseconds);
        Interlocked.Increment(ref _counts[Bin(microseconds)]);
        Interlocked.Increment(ref _count);
    }

    /// <summary>The latency that a share of all does not exceed.</summary>
    /// <param name="share">E.g. 0.99.</param>
    public TimeSpan Quantile(double share)
    {
        long wanted = Math.Max(1, (long)Math.Ceiling(_count * share));
        long seen = 0;
        for (int bin = 0; bin < _counts.Length; bin++)
        {
            seen += _counts[bin];
            if (seen >= wanted)
            {
                return TimeSpan.FromMicroseconds(Highest(bin));
            }
        }

        return TimeSpan.Zero;
    }

    private static int Bin(long microseconds)
    {
        int power = Math.Max(0, BitOperations.Log2((ulong)microseconds | 1) - SubBits);
        return (int)Math.Min((power << SubBits) + (microseconds >> power), ((long)(Powers + 1) << SubBits) - 1);
    }

    private static double Highest(int bin)
    {
        int power = Math.Max(0, (bin >> SubBits) - 1);
        long unit = bin - ((long)power << SubBits);
        return ((unit + 1) << power) - 1;
    }
}
