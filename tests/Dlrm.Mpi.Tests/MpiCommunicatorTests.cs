using Dlrm.Mpi.Tests.Ranks;
using Xunit;

namespace Dlrm.Mpi.Tests;

/// <summary>Collectives among real processes.</summary>
public sealed class MpiCommunicatorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Collectives_give_every_rank_what_plain_loops_do(int ranks)
    {
        using MpiRun run = MpiRun.Start(ranks, "collectives");
        string text = await run.End();
        Assert.True(run.ExitCode == 0, text);
    }

    [Theory]
    [InlineData(3)]
    public async Task The_same_holds_on_mpich(int ranks)
    {
        using MpiRun run = MpiRun.Start(
            "mpiexec.hydra", ranks, [Path.Combine(AppContext.BaseDirectory, "Dlrm.Mpi.Tests.dll"), "rank", "collectives"]);
        string text = await run.End();
        Assert.True(run.ExitCode == 0, text);
    }

    [Fact]
    public async Task A_rank_that_does_not_come_is_named_when_the_time_is_over()
    {
        using MpiRun run = MpiRun.Start(2, "absent");
        string text = await run.End();
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains($"Rank 0 on {Environment.MachineName}: has waited 1 s in a barrier", text, StringComparison.Ordinal);
        Assert.Contains("for rank 1. Rank 1 is alive", text, StringComparison.Ordinal);
        Assert.Contains("--comm-timeout", text, StringComparison.Ordinal);
    }
}
