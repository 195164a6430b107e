using CsCheck;
using Dlrm.Distributed.Planning;
using Xunit;

namespace Dlrm.Tests.Distributed.Planning;

public sealed class TableLookupsTests
{
    [Theory]
    [InlineData(1, 0.0)]
    [InlineData(3, 1.0)]
    [InlineData(31, 1.2)]
    [InlineData(5_000, 1.0)]
    [InlineData(5_000, 0.7)]
    [InlineData(5_000, 1.3)]
    public void A_power_law_gives_each_rank_its_share(int rows, double exponent)
    {
        var lookups = TableLookups.PowerLaw(rows, 2, exponent);
        double all = Enumerable.Range(1, rows).Sum(rank => Math.Pow(rank, -exponent));
        Assert.Equal(1 / all, lookups.TopShare, 1e-4);
        Assert.Equal(1, lookups.Classes.Sum(c => c.Share), 1e-9);
        Assert.Equal(rows, lookups.Classes.Sum(c => c.Rows), 1e-6);
        double half = Enumerable.Range(1, rows / 2).Sum(rank => Math.Pow(rank, -exponent)) / all;
        Assert.Equal(half, lookups.ShareBefore(rows / 2), 0.02);
    }

    [Fact]
    public void Counts_give_the_shares_they_are()
    {
        var lookups = TableLookups.FromCounts([0, 5, 1, 0, 4, 10], samples: 10);
        Assert.Equal(6, lookups.Rows);
        Assert.Equal(2, lookups.PerSample);
        Assert.Equal(0.5, lookups.TopShare);
        Assert.Equal([10, 5, 4, 1], lookups.Classes.Select(c => Math.Round(c.Share * 20 / c.Rows)).ToArray());
        Assert.Equal(0.25, lookups.ShareBefore(2), 1e-12);
        Assert.Equal(0.5, lookups.ShareBefore(5), 1e-12);
        Assert.Equal(1, lookups.ShareBefore(6), 1e-12);
    }

    [Fact]
    public void A_table_that_nobody_looks_up_has_no_lookups()
    {
        var lookups = TableLookups.FromCounts([0, 0, 0], samples: 7);
        Assert.Equal(0, lookups.PerSample);
        Assert.Equal(0, lookups.Distinct(0));
    }

    [Fact]
    public void The_row_at_a_share_is_where_that_share_ends() => Gen
        .Select(Gen.Int[300, 100_000], Gen.Double[0, 1.5], Gen.Double[0, 1])
        .Sample((rows, exponent, share) =>
        {
            var lookups = TableLookups.PowerLaw(rows, 1, exponent);
            double before = lookups.ShareBefore(lookups.RowAt(share));
            double row = lookups.ShareBefore(Math.Min(rows, lookups.RowAt(share) + 1)) - lookups.ShareBefore(Math.Max(0, lookups.RowAt(share) - 1));
            return Math.Abs(before - share) <= row + 1e-9;
        });

    [Fact]
    public void Random_lookups_touch_as_many_different_rows_as_the_formula_says()
    {
        // R · (1 − (1 − 1/R)^n), which e^(−n/R) approximates.
        Assert.Equal(1000 * (1 - Math.Pow(1 - 0.001, 700)), TableLookups.Uniform(1000, 1).Distinct(700), 0.5);
        Assert.Equal(1, TableLookups.Uniform(1, 1).Distinct(50), 1e-9);
    }
}
