namespace Dlrm.Threading;

/// <summary>
/// Work that a <see cref="WorkerTeam"/> divides among its workers. A struct, so that starting it allocates nothing.
/// </summary>
public interface IParallelWork
{
    /// <summary>Does the share of <paramref name="worker"/>; every worker is called exactly once.</summary>
    /// <param name="worker">0 … workers − 1. Worker 0 is the thread that called.</param>
    /// <param name="workers">How many share the work.</param>
    void Execute(int worker, int workers);
}
