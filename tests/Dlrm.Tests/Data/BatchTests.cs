using Dlrm.Data;
using Xunit;

namespace Dlrm.Tests.Data;

public sealed class BatchTests
{
    [Fact]
    public void Lookups_are_read_through_offsets_and_survive_growth()
    {
        using var batch = new Batch(denseFeatures: 2, tables: 1);
        batch.Resize(3);
        Span<int> room = batch.ReserveIndices(0, 2);
        (room[0], room[1]) = (7, 8);
        batch.ReserveIndices(0, 1000)[2] = 9;
        Span<int> offsets = batch.Offsets(0);
        (offsets[0], offsets[1], offsets[2], offsets[3]) = (0, 2, 2, 3);
        Assert.Equal([7, 8, 9], batch.Indices(0).ToArray());
        Assert.Equal(3, batch.LookupCount(0));
        Assert.Equal(6, batch.Dense.Length);
    }

    [Fact]
    public void A_smaller_batch_reuses_the_memory_of_a_larger_one()
    {
        using var batch = new Batch(denseFeatures: 1, tables: 2);
        batch.Resize(100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        batch.Resize(10);
        batch.Resize(100);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(100, batch.Labels.Length);
    }
}
