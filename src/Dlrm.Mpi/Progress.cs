using Dlrm.Mpi.Native;

namespace Dlrm.Mpi;

/// <summary>A thread that lets MPI work on what was started while the caller computes.</summary>
/// <remarks>
/// It sleeps until something is started, then enters MPI from time to time until nothing is left. Where every core computes,
/// each time takes a core from a worker for some microseconds, so it does so seldom; while the caller itself waits, it finds
/// the gate taken or the work done.
/// </remarks>
internal sealed class Progress : IDisposable
{
    /// <summary>Microseconds between two entries into MPI; <c>off</c> for no such thread.</summary>
    public const string Variable = "DLRM_MPI_PROGRESS";

    private const uint DefaultInterval = 500;

    private readonly MpiCommunicator _communicator;
    private readonly uint _interval;
    private readonly ManualResetEventSlim _busy = new();
    private readonly Thread _thread;
    private volatile bool _stop;

    /// <summary>Starts the thread.</summary>
    public Progress(MpiCommunicator communicator)
    {
        _communicator = communicator;
        _interval = uint.TryParse(Environment.GetEnvironmentVariable(Variable), out uint interval) ? interval : DefaultInterval;
        _thread = new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "dlrm mpi progress" };
        _thread.Start();
    }

    /// <summary>Something was started.</summary>
    public void Wake()
    {
        if (!_busy.IsSet)
        {
            _busy.Set();
        }
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _stop = true;
        _busy.Set();
        _thread.Join();
        _busy.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _busy.Wait();
            if (_stop)
            {
                return;
            }

            // Reset before looking: what is started after the look sets it again.
            _busy.Reset();
            while (!_stop && _communicator.Advance())
            {
                _ = SystemCalls.Sleep(_interval);
            }
        }
    }
}
