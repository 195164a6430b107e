using System.Globalization;

namespace Dlrm.Data;

/// <summary>What <see cref="RandomBatchSource"/> draws. Names of the reference's options stand beside each property.</summary>
public sealed record RandomDataOptions
{
    /// <summary>Dense features: the first number of <c>--arch-mlp-bot</c>; 1 or more.</summary>
    public required int DenseFeatures { get; init; }

    /// <summary>Rows of each table, <c>--arch-embedding-size</c>: one table or more, one row or more each.</summary>
    public required IReadOnlyList<int> TableRows { get; init; }

    /// <summary>Samples in an epoch, <c>--data-size</c>; not used when <see cref="NumBatches"/> is set. 1 or more.</summary>
    public long DataSize { get; init; } = 1;

    /// <summary>Batches in an epoch, <c>--num-batches</c>; 0 for as many as <see cref="DataSize"/> fills.</summary>
    public int NumBatches { get; init; }

    /// <summary>Samples in a batch, <c>--mini-batch-size</c>; 1 or more.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>The most lookups of a table by one sample, <c>--num-indices-per-lookup</c>; 0 or more.</summary>
    public int LookupsPerTable { get; init; } = 10;

    /// <summary>
    /// True to draw exactly <see cref="LookupsPerTable"/> each time, <c>--num-indices-per-lookup-fixed</c>; duplicates
    /// are dropped afterwards either way.
    /// </summary>
    public bool FixedLookups { get; init; }

    /// <summary>True for labels of 0 and 1 in place of numbers in [0, 1], <c>--round-targets</c>.</summary>
    public bool RoundTargets { get; init; }

    /// <summary>Where the lookups fall, <c>--rand-data-dist</c>.</summary>
    public LookupDistribution Distribution { get; init; }

    /// <summary>Gaussian lookups below become this, <c>--rand-data-min</c>.</summary>
    public double Min { get; init; }

    /// <summary>Gaussian lookups above become this, <c>--rand-data-max</c>.</summary>
    public double Max { get; init; } = 1;

    /// <summary>The mean of Gaussian lookups, <c>--rand-data-mu</c>; −1 for the middle of [Min, Max].</summary>
    public double Mu { get; init; } = -1;

    /// <summary>The standard deviation of Gaussian lookups, <c>--rand-data-sigma</c>; 0 or more.</summary>
    public double Sigma { get; init; } = 1;

    /// <summary>What the generator is set to when batch 0 is read, <c>--numpy-rand-seed</c>; 0 … 2³² − 1.</summary>
    public long Seed { get; init; } = 123;

    /// <summary>Batches in an epoch.</summary>
    public long BatchCount => NumBatches != 0 ? NumBatches : (DataSize + BatchSize - 1) / BatchSize;

    /// <summary>Samples in an epoch.</summary>
    public long SampleCount => NumBatches != 0 ? (long)NumBatches * BatchSize : DataSize;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value cannot be used; the message names the option, the value and the range.</exception>
    public void Validate()
    {
        Require(DenseFeatures >= 1, "--arch-mlp-bot begins with the number of dense features: 1 or more", DenseFeatures);
        Require(TableRows.Count >= 1, "--arch-embedding-size names one table or more", TableRows.Count);
        foreach (int rows in TableRows)
        {
            Require(rows >= 1, "--arch-embedding-size gives each table one row or more", rows);
        }

        Require(BatchSize >= 1, "--mini-batch-size is 1 or more", BatchSize);
        Require(NumBatches >= 0, "--num-batches is 0 (as many as --data-size fills) or more", NumBatches);
        Require(NumBatches > 0 || DataSize >= 1, "--data-size is 1 or more", DataSize);
        Require(BatchCount <= int.MaxValue, "--data-size over --mini-batch-size is at most 2147483647 batches", BatchCount);
        Require(LookupsPerTable >= 0, "--num-indices-per-lookup is 0 or more", LookupsPerTable);
        Require(
            (long)BatchSize * Math.Max(1, LookupsPerTable) <= int.MaxValue,
            "--mini-batch-size times --num-indices-per-lookup is at most 2147483647 lookups of a table",
            (long)BatchSize * LookupsPerTable);
        Require(Seed is >= 0 and <= uint.MaxValue, "--numpy-rand-seed is a number from 0 to 4294967295", Seed);
        if (Distribution == LookupDistribution.Gaussian)
        {
            Require(Sigma >= 0 && double.IsFinite(Sigma), "--rand-data-sigma is 0 or more", Sigma);
            Require(double.IsFinite(Mu), "--rand-data-mu is a finite number", Mu);
            Require(Min <= Max, $"--rand-data-min is at most --rand-data-max ({Text(Max)})", Min);
            RequireReachableRows();
        }
    }

    /// <summary>Refuses intervals in which no table, or not the smallest one, has a row.</summary>
    private void RequireReachableRows()
    {
        int smallest = TableRows.Min();
        Require(Max > -1, "--rand-data-max is 0 or more, as rows are counted from 0", Max);
        Require(
            Min < smallest,
            $"--rand-data-min is less than the rows of the smallest table ({smallest}), as no lookup can lie below it",
            Min);
    }

    private static void Require<T>(bool condition, string rule, T got)
        where T : IFormattable
    {
        if (!condition)
        {
            throw new ArgumentException($"{rule}; got {Text(got)}.");
        }
    }

    private static string Text<T>(T value)
        where T : IFormattable
        => value.ToString(null, CultureInfo.InvariantCulture);
}
