using CsCheck;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Tests.Layers;
using Dlrm.Threading;
using Xunit;

namespace Dlrm.Tests.Kernels;

public sealed class SortedLookupsTests
{
    [Fact]
    public void Next_row_start_is_where_a_scan_finds_it()
    {
        Gen.Select(Gen.OneOf(Gen.Const(4), Gen.Const(int.MaxValue)), Gen.Int[0, 40])
            .SelectMany((rows, samples) => LookupBatches.Bags(rows, samples).Select(bags => (rows, bags)))
            .Sample(
                (rows, bags) =>
                {
                    using Batch batch = LookupBatches.From([bags]);
                    using var team = new WorkerTeam(1);
                    using var sorter = new LookupSorter([rows], 1);
                    sorter.Sort(team, batch);
                    SortedLookups sorted = sorter[0];
                    for (int place = 0; place <= sorted.Count; place++)
                    {
                        int expected = place;
                        while (expected > 0 && expected < sorted.Count && sorted.Row(expected) == sorted.Row(expected - 1))
                        {
                            expected++;
                        }

                        Assert.Equal(expected, sorted.NextRowStart(place));
                    }
                },
                iter: 50,
                threads: 1);
    }
}
