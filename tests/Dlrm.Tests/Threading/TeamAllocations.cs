using Dlrm.Threading;

namespace Dlrm.Tests.Threading;

/// <summary>Managed bytes that the workers of a team allocate, whatever other threads of the test process do.</summary>
internal static class TeamAllocations
{
    /// <summary>Bytes allocated by all workers during <paramref name="action"/>, called on this thread (worker 0).</summary>
    public static long Of(WorkerTeam team, Action action)
    {
        var before = new Reading { Bytes = new long[team.Workers] };
        var after = new Reading { Bytes = new long[team.Workers] };
        team.Run(ref before);
        team.Run(ref before);
        action();
        team.Run(ref after);
        return after.Bytes.Sum() - before.Bytes.Sum();
    }

    private struct Reading : IParallelWork
    {
        public long[] Bytes;

        public readonly void Execute(int worker, int workers) => Bytes[worker] = GC.GetAllocatedBytesForCurrentThread();
    }
}
