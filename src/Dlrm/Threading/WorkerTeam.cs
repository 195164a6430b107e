using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Dlrm.Profiling;

namespace Dlrm.Threading;

/// <summary>
/// A fixed set of threads that share one piece of work at a time: the one place of the library that owns threads.
/// </summary>
/// <remarks>
/// <see cref="Run{TWork}"/> hands every worker the same struct and returns when all are done. A worker waits for the
/// next piece by spinning for a while, then sleeps, so a training step never pays for waking threads and an idle
/// program burns no processor. The division of work is by worker number alone, so the same work always goes to the
/// same worker. Nothing is allocated. If workers throw, the others finish and the first exception (by worker number)
/// reaches the caller. One caller at a time; calls do not nest.
/// </remarks>
public sealed unsafe class WorkerTeam : IDisposable
{
    /// <summary>Spins before sleeping: about 50 µs, longer than any gap inside a training step.</summary>
    private const int LongSpin = 2000;

    /// <summary>Spins where workers outnumber cores: whoever spins keeps another from working.</summary>
    private const int ShortSpin = 20;

    private readonly int _spinLimit;
    private readonly Thread[] _threads;
    private readonly Exception?[] _failures;
    private readonly SemaphoreSlim[] _wake;
    private readonly int[] _asleep;
    private volatile int _generation;
    private PaddedCounter _remaining;
    private delegate*<WorkerTeam, void*, int, int, void> _invoke;
    private void* _work;
    private volatile bool _stopping;
    private bool _running;

    /// <summary>Starts a team.</summary>
    /// <param name="workers">Workers, the caller's thread included: 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one worker.</exception>
    public WorkerTeam(int workers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        Workers = workers;
        _spinLimit = workers > Environment.ProcessorCount ? ShortSpin : LongSpin;
        _failures = new Exception?[workers];
        _asleep = new int[workers];
        _wake = new SemaphoreSlim[workers];
        _threads = new Thread[workers - 1];
        for (int worker = 1; worker < workers; worker++)
        {
            _wake[worker] = new SemaphoreSlim(0);
            int number = worker;
            _threads[worker - 1] = new Thread(() => Serve(number))
            {
                IsBackground = true,
                Name = $"dlrm worker {number}",
            };
            _threads[worker - 1].Start();
        }
    }

    /// <summary>The cores this process may use (affinity and container limits respected).</summary>
    public static int DefaultWorkers => Environment.ProcessorCount;

    /// <summary>Workers, the caller's thread included.</summary>
    public int Workers { get; }

    /// <summary>Keeps each worker's shares; null for nobody.</summary>
    internal Profiler? Profiler { get; set; }

    /// <summary>Workers that sleep now, having waited long for work.</summary>
    internal int SleepingWorkers
    {
        get
        {
            int sleeping = 0;
            for (int worker = 1; worker < Workers; worker++)
            {
                sleeping += Volatile.Read(ref _asleep[worker]);
            }

            return sleeping;
        }
    }

    /// <summary>
    /// The part of [0, count) that falls to a worker when units of <paramref name="grain"/> are dealt out evenly.
    /// </summary>
    /// <param name="count">Items in all.</param>
    /// <param name="worker">Worker number.</param>
    /// <param name="workers">Workers.</param>
    /// <param name="grain">Items that stay together.</param>
    /// <returns>The first item and the one after the last.</returns>
    public static (int Start, int End) Share(int count, int worker, int workers, int grain = 1)
    {
        long units = (count + (long)grain - 1) / grain;
        long start = units * worker / workers * grain;
        long end = units * (worker + 1) / workers * grain;
        return ((int)Math.Min(start, count), (int)Math.Min(end, count));
    }

    /// <summary>Has every worker do its share of <paramref name="work"/>, and returns when the last is done.</summary>
    /// <typeparam name="TWork">The kind of work.</typeparam>
    /// <param name="work">Shared by all workers: they may write to different parts of what it refers to.</param>
    /// <exception cref="InvalidOperationException">Called from inside work, or by two threads at once.</exception>
    public void Run<TWork>(ref TWork work)
        where TWork : struct, IParallelWork
    {
        if (Workers == 1)
        {
            if (Profiler is null)
            {
                work.Execute(0, 1);
            }
            else
            {
                Invoke(ref work, 0, 1, Profiler);
            }

            return;
        }

        ObjectDisposedException.ThrowIf(_stopping, this);
        if (Interlocked.Exchange(ref _running, true))
        {
            throw new InvalidOperationException("A worker team runs one piece of work at a time.");
        }

        // The struct lives on this thread's stack (or in an object it holds) until every worker is done.
        fixed (byte* pinned = &Unsafe.As<TWork, byte>(ref work))
        {
            _work = pinned;
            _invoke = Profiler is null ? &Invoke<TWork> : &InvokeMeasured<TWork>;
            Volatile.Write(ref _remaining.Value, Workers - 1);
            _generation++;
            WakeSleepers();
            ExecuteShare(0);
            var spinner = new SpinWait();
            int spins = 0;
            while (Volatile.Read(ref _remaining.Value) != 0)
            {
                if (spins++ < _spinLimit)
                {
                    Thread.SpinWait(8);
                }
                else
                {
                    spinner.SpinOnce();
                }
            }
        }

        _work = null;
        Volatile.Write(ref _running, false);
        ThrowFirstFailure();
    }

    /// <summary>Ends the threads. Work under way must have been waited for.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        _generation++;
        WakeSleepers();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        foreach (SemaphoreSlim? semaphore in _wake)
        {
            semaphore?.Dispose();
        }
    }

    private static void Invoke<TWork>(WorkerTeam team, void* work, int worker, int workers)
        where TWork : struct, IParallelWork
        => Unsafe.As<byte, TWork>(ref *(byte*)work).Execute(worker, workers);

    private static void InvokeMeasured<TWork>(WorkerTeam team, void* work, int worker, int workers)
        where TWork : struct, IParallelWork
        => Invoke(ref Unsafe.As<byte, TWork>(ref *(byte*)work), worker, workers, team.Profiler!);

    private static void Invoke<TWork>(ref TWork work, int worker, int workers, Profiler profiler)
        where TWork : struct, IParallelWork
    {
        long start = Stopwatch.GetTimestamp();
        work.Execute(worker, workers);
        profiler.Worker(worker).Add("share", WorkName<TWork>.Value, start, Stopwatch.GetTimestamp());
    }

    private void ExecuteShare(int worker)
    {
        try
        {
            _invoke(this, _work, worker, Workers);
        }
#pragma warning disable CA1031 // Every exception is carried to the caller of Run.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _failures[worker] = exception;
        }
    }

    private void Serve(int worker)
    {
        int seen = 0;
        while (true)
        {
            WaitForNext(worker, seen);
            seen++;
            if (_stopping)
            {
                return;
            }

            ExecuteShare(worker);
            Interlocked.Decrement(ref _remaining.Value);
        }
    }

    private void WaitForNext(int worker, int seen)
    {
        for (int spins = 0; spins < _spinLimit; spins++)
        {
            if (_generation != seen)
            {
                return;
            }

            Thread.SpinWait(8);
        }

        // Announce the sleep, look once more, then sleep: a wake-up between the two looks is counted by the semaphore.
        while (_generation == seen)
        {
            Interlocked.Exchange(ref _asleep[worker], 1);
            if (_generation != seen)
            {
                if (Interlocked.Exchange(ref _asleep[worker], 0) == 0)
                {
                    _wake[worker].Wait();
                }

                return;
            }

            _wake[worker].Wait();
        }
    }

    private void WakeSleepers()
    {
        Interlocked.MemoryBarrier();
        for (int worker = 1; worker < Workers; worker++)
        {
            if (Volatile.Read(ref _asleep[worker]) != 0 && Interlocked.Exchange(ref _asleep[worker], 0) != 0)
            {
                _wake[worker].Release();
            }
        }
    }

    private void ThrowFirstFailure()
    {
        Exception? first = null;
        for (int worker = 0; worker < _failures.Length; worker++)
        {
            first ??= _failures[worker];
            _failures[worker] = null;
        }

        if (first is not null)
        {
            ExceptionDispatchInfo.Throw(first);
        }
    }

    /// <summary>What a kind of work is called in a profile.</summary>
    private static class WorkName<TWork>
    {
        public static readonly string Value =
            typeof(TWork).DeclaringType is { } outer ? $"{outer.Name}.{typeof(TWork).Name}" : typeof(TWork).Name;
    }

    /// <summary>A counter alone on its cache lines.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit, Size = 256)]
    private struct PaddedCounter
    {
        [System.Runtime.InteropServices.FieldOffset(128)]
        public int Value;
    }
}
