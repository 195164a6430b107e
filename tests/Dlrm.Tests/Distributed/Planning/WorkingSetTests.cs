using Dlrm.Distributed.Planning;
using Xunit;

namespace Dlrm.Tests.Distributed.Planning;

public sealed class WorkingSetTests
{
    private static readonly RowSpeeds Speeds = Machines.Server().Rows;

    [Fact]
    public void Rows_that_fit_into_a_cache_are_read_at_its_speed_and_others_at_memorys()
    {
        TableUse small = Use(1_000, 512);
        TableUse large = Use(100_000_000, 512);
        Assert.Equal(2.0, Nanoseconds(small, small), 0.2);
        Assert.Equal(20, Nanoseconds(large, large), 0.5);
    }

    [Fact]
    public void A_small_table_beside_large_ones_is_out_of_the_cache_when_its_turn_comes()
    {
        TableUse small = Use(100_000, 100);
        double alone = Nanoseconds(small, small);
        Assert.True(Nanoseconds(small, small, Use(100_000_000, 1e6)) > 1.5 * alone);
    }

    [Fact]
    public void Skewed_lookups_find_more_in_the_cache()
    {
        var even = new TableUse(TableLookups.Uniform(10_000_000, 1), 2048, 64);
        var skewed = new TableUse(TableLookups.PowerLaw(10_000_000, 1, 1.1), 2048, 64);
        Assert.True(Nanoseconds(skewed, skewed) < 0.7 * Nanoseconds(even, even));
    }

    [Fact]
    public void Only_different_rows_are_written()
    {
        TableUse hot = Use(10, 1_000_000);
        Assert.InRange(new WorkingSet([hot], 0, 1).Update(hot, 64, Speeds), 10 * 2.4, 10 * 2.6);
    }

    private static TableUse Use(int rows, double perStep) => new(TableLookups.Uniform(rows, 1), perStep, 64);

    private static double Nanoseconds(TableUse table, params TableUse[] all) => new WorkingSet(all, 0, 1).Gather(table, 64, Speeds) / table.PerStep;
}
