using CsCheck;
using Dlrm.Threading;
using Xunit;

namespace Dlrm.Tests.Threading;

public sealed class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_worker_does_its_share_exactly_once_in_every_run(int workers)
    {
        using var team = new WorkerTeam(workers);
        var work = new CountWork(new int[workers]);
        for (int run = 1; run <= 1000; run++)
        {
            team.Run(ref work);
            Assert.All(work.Calls, calls => Assert.Equal(run, calls));
        }
    }

    [Fact]
    public void A_sleeping_team_wakes_for_the_next_run()
    {
        using var team = new WorkerTeam(3);
        var work = new CountWork(new int[3]);
        for (int run = 1; run <= 3; run++)
        {
            team.Run(ref work);
            IdleUntilWorkersSleep(team);
            Assert.All(work.Calls, calls => Assert.Equal(run, calls));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_workers_exception_reaches_the_caller_and_the_team_goes_on(int thrower)
    {
        using var team = new WorkerTeam(3);
        var failing = new ThrowWork(thrower);
        var failure = Assert.Throws<InvalidDataException>(() => team.Run(ref failing));
        Assert.Equal($"worker {thrower}", failure.Message);
        var work = new CountWork(new int[3]);
        team.Run(ref work);
        Assert.All(work.Calls, calls => Assert.Equal(1, calls));
    }

    [Fact]
    public void The_lowest_workers_exception_wins_when_several_throw()
    {
        using var team = new WorkerTeam(4);
        var failing = new ThrowWork(-1);
        Assert.Equal("worker 0", Assert.Throws<InvalidDataException>(() => team.Run(ref failing)).Message);
    }

    [Fact]
    public void Running_from_inside_work_is_refused_and_does_not_hang()
    {
        using var team = new WorkerTeam(2);
        var nested = new NestedWork(team);
        Assert.Throws<InvalidOperationException>(() => team.Run(ref nested));
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        using var team = new WorkerTeam(2);
        var work = new CountWork(new int[2]);
        team.Run(ref work);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int run = 0; run < 100; run++)
        {
            team.Run(ref work);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Shares_cover_every_item_once_in_order_and_keep_grains_whole()
    {
        Gen.Select(Gen.Int[0, 5000], Gen.Int[1, 17], Gen.Int[1, 40]).Sample((count, workers, grain) =>
        {
            int next = 0;
            for (int worker = 0; worker < workers; worker++)
            {
                (int start, int end) = WorkerTeam.Share(count, worker, workers, grain);
                Assert.True(start <= end);
                Assert.True(start == next || start == end);
                Assert.True(start % grain == 0 || start == count);
                next = Math.Max(next, end);
            }

            Assert.Equal(count, next);
        });
    }

    /// <summary>Waits, by the system's own account of thread states, until no worker is running.</summary>
    private static void IdleUntilWorkersSleep(WorkerTeam team)
    {
        while (team.SleepingWorkers < team.Workers - 1)
        {
            Thread.Yield();
        }
    }

    private readonly struct CountWork(int[] calls) : IParallelWork
    {
        public int[] Calls => calls;

        public void Execute(int worker, int workers) => calls[worker]++;
    }

    private readonly struct ThrowWork(int thrower) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            if (thrower < 0 || worker == thrower)
            {
                throw new InvalidDataException($"worker {worker}");
            }
        }
    }

    private readonly struct NestedWork(WorkerTeam team) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            var inner = new CountWork(new int[2]);
            team.Run(ref inner);
        }
    }
}
