using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>Runs work on the team, or on the calling thread where waking others would take longer.</summary>
internal static class SizedWork
{
    /// <summary>Multiply-adds in the time that an element takes to be packed, about.</summary>
    public const long CopyCost = 16;

    /// <summary>Work below this many multiply-adds is done sooner by one thread than by waking others.</summary>
    private const long SmallWork = 100_000;

    /// <summary>Runs a piece of work.</summary>
    /// <typeparam name="TWork">The kind of work.</typeparam>
    /// <param name="engine">Whose team.</param>
    /// <param name="work">The work.</param>
    /// <param name="size">Multiply-adds it amounts to.</param>
    public static void Run<TWork>(Engine engine, ref TWork work, long size)
        where TWork : struct, IParallelWork
    {
        if (size < SmallWork)
        {
            work.Execute(0, 1);
        }
        else
        {
            engine.Team.Run(ref work);
        }
    }
}
