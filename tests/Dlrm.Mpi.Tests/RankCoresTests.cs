using Xunit;

namespace Dlrm.Mpi.Tests;

public sealed class RankCoresTests
{
    [Theory]
    [InlineData(0, 8, 4)] // two ranks of host a share 0-7
    [InlineData(2, 4, 4)] // bound to cores of its own
    [InlineData(4, 1, 1)] // never less than one
    public void Cores_are_divided_among_ranks_that_may_use_the_same(int rank, int cores, int expected) =>
        Assert.Equal(expected, RankCores.Divide(["a\n0-7", "a\n0-7", "b\n0-3", "b\n4-7", "c\n0", "c\n0"], rank, cores));
}
