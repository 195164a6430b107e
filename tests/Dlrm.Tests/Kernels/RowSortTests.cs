using CsCheck;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Tests.Layers;
using Dlrm.Threading;
using Xunit;

namespace Dlrm.Tests.Kernels;

public sealed class RowSortTests
{
    [Fact]
    public void Sorts_by_row_and_keeps_sample_order()
    {
        Gen<(int[][][] Bags, int[] Rows)> gen =
            from rows in Gen.OneOf(Gen.Int[1, 20], Gen.Int[1000, 3_000_000], Gen.Const(int.MaxValue)).Array[1, 3]
            from samples in Gen.Int[0, 150]
            from first in LookupBatches.Bags(rows[0], samples)
            from last in LookupBatches.Bags(rows[^1], samples)
            select (rows.Select((_, table) => table < rows.Length - 1 ? first : last).ToArray(),
                rows.Select((count, table) => table < rows.Length - 1 ? rows[0] : count).ToArray());
        gen.Sample(c => Check(c.Bags, c.Rows, workers: 2), iter: 100, threads: 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Tables_on_cuts_are_sorted_in_common(int workers)
    {
        // Large enough for pieces; sizes differ so that cuts fall inside tables and on their edges.
        int[] rows = [1_000_000, 3, 70_000, 2_000_000_000, 1];
        int[] lookups = [70_000, 20_000, 50_000, 40_000, 30_000];
        var random = new System.Random(1);
        int[][][] bags = [.. rows.Select((count, table) => Enumerable.Range(0, 400)
            .Select(sample => Enumerable.Range(0, sample % 3 == 0 ? 3 * lookups[table] / 402 : 0).Select(_ => random.Next(count)).ToArray())
            .ToArray())];
        Check(bags, rows, workers);
    }

    [Fact]
    public void One_large_bag_is_cut_in_pieces()
    {
        var random = new System.Random(2);
        int[][][] bags = [[[], [.. Enumerable.Range(0, 60_000).Select(_ => random.Next(500))], []]];
        Check(bags, [500], workers: 4);
    }

    [Theory]
    [InlineData(100, 1000, 10, 2, 5)]
    [InlineData(204_800, 1_000_000, 2048, 2, 10)]
    [InlineData(2048, 1_000_000, 2048, 2, 10)]
    [InlineData(50, 1, 50, 1, 0)]
    [InlineData(5000, 40_000_000, 2048, 3, 9)]
    public void Digits_fit_the_number_of_lookups(int lookups, int rows, int samples, int passes, int bits)
    {
        var plan = new RowSortPlan(lookups, rows, samples);
        Assert.Equal((passes, bits), (plan.Passes, plan.DigitBits));
    }

    [Fact]
    public void Digits_cover_every_row_and_no_shift_leaves_the_key()
    {
        Gen.Select(Gen.Int[0, 1_000_000], Gen.OneOf(Gen.Int[1, 100], Gen.Int[1, int.MaxValue]), Gen.Int[0, 100_000]).Sample(
            (lookups, rows, samples) =>
            {
                var plan = new RowSortPlan(lookups, rows, samples);
                int rowBits = plan.Passes * plan.DigitBits;
                int lastShift = (plan.Passes - 1) * plan.DigitBits;
                Assert.True(rows == 1 || (rows - 1L) >> rowBits == 0);
                Assert.True(rows == 1 || (rows - 1L) >> lastShift != 0);
                Assert.True(plan.DigitBits <= RowSortPlan.MaximumDigitBits);
                Assert.True(plan.Passes * plan.DigitValues <= RowSortPlan.MaximumCounters);
                Assert.True(plan.IsWide || ((((ulong)(uint)(rows - 1)) << plan.SampleBits) | (uint)Math.Max(0, samples - 1)) <= uint.MaxValue);
            });
    }

    private static void Check(int[][][] bags, int[] rows, int workers)
    {
        using Batch batch = LookupBatches.From(bags);
        using var team = new WorkerTeam(workers);
        using var sorter = new LookupSorter(rows, workers);
        sorter.Sort(team, batch);
        Assert.Equal(bags.Sum(table => table.Sum(bag => (long)bag.Length)), sorter.Total);
        for (int table = 0; table < rows.Length; table++)
        {
            (int Row, int Sample)[] expected =
                [.. bags[table].SelectMany((bag, sample) => bag.Select(row => (row, sample))).OrderBy(lookup => lookup.row)];
            SortedLookups sorted = sorter[table];
            (int Row, int Sample)[] actual =
                [.. Enumerable.Range(0, sorted.Count).Select(place => (sorted.Row(place), sorted.Sample(place)))];
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"Table {table} of {rows[table]} rows is out of order.");
        }
    }
}
