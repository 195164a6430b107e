using System.Numerics;

namespace Dlrm.Kernels;

/// <summary>How the lookups of one table in one batch are sorted: the width of a key, and the digits of the radix sort.</summary>
/// <remarks>
/// A key is <c>row &lt;&lt; SampleBits | sample</c>, in 32 bits where both fit, else in 64. Lookups arrive in sample order, so
/// sorting by row with a stable sort is the same as sorting by the whole key.
/// </remarks>
internal readonly struct RowSortPlan
{
    /// <summary>A digit has at most this many bits: its counters and the open ends of its piles stay in the nearest caches.</summary>
    public const int MaximumDigitBits = 11;

    /// <summary>As many lookups as insertion sorts faster than counting does.</summary>
    public const int InsertionLimit = 24;

    /// <summary>Counters that one table's sort can need: all digits of a row number.</summary>
    public const int MaximumCounters = 4 << MaximumDigitBits;

    /// <summary>Clearing and summing a counter costs this part of what moving a key does.</summary>
    private const double CounterCost = 0.6;

    /// <summary>Chooses the digits that sort fastest.</summary>
    /// <param name="lookups">L.</param>
    /// <param name="rows">E: rows of the table, 1 or more.</param>
    /// <param name="samples">B.</param>
    public RowSortPlan(int lookups, int rows, int samples)
    {
        Lookups = lookups;
        SampleBits = BitsFor(samples);
        int rowBits = BitsFor(rows);
        IsWide = rowBits + SampleBits > 32;
        int fewest = (rowBits + MaximumDigitBits - 1) / MaximumDigitBits;
        double best = double.MaxValue;
        for (int passes = Math.Max(1, fewest); passes <= rowBits; passes++)
        {
            int bits = (rowBits + passes - 1) / passes;
            double cost = passes * (lookups + (CounterCost * (1 << bits)));
            if (cost < best)
            {
                best = cost;
                DigitBits = bits;
            }
        }

        Passes = rowBits == 0 ? 1 : (rowBits + DigitBits - 1) / DigitBits;
    }

    /// <summary>L.</summary>
    public int Lookups { get; }

    /// <summary>Low bits of a key: the sample.</summary>
    public int SampleBits { get; }

    /// <summary>True when keys have 64 bits.</summary>
    public bool IsWide { get; }

    /// <summary>Digits of a row number, 1 or more.</summary>
    public int Passes { get; }

    /// <summary>Bits of a digit, 0 (a table of one row) to <see cref="MaximumDigitBits"/>.</summary>
    public int DigitBits { get; }

    /// <summary>Values of a digit.</summary>
    public int DigitValues => 1 << DigitBits;

    /// <summary>Bytes of a key.</summary>
    public int KeyBytes => IsWide ? sizeof(ulong) : sizeof(uint);

    private static int BitsFor(int count) => count <= 1 ? 0 : 32 - BitOperations.LeadingZeroCount((uint)(count - 1));
}
