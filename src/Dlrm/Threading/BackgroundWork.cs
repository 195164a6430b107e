namespace Dlrm.Threading;

/// <summary>One piece of work at a time on a background thread, with its failure kept for whoever asked for it.</summary>
internal sealed class BackgroundWork
{
    private Thread? _thread;
    private volatile bool _running;
    private volatile Exception? _failure;

    /// <summary>True until the work under way has ended; cheap enough to ask every step.</summary>
    public bool IsRunning => _running;

    /// <summary>Starts work; what was under way is waited for.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="work">The work.</param>
    public void Start(string name, Action work)
    {
        Wait();
        _running = true;
        _thread = new Thread(() =>
        {
            try
            {
                work();
            }
#pragma warning disable CA1031 // Kept for whoever asks.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _failure = exception;
            }

            _running = false;
        })
        {
            IsBackground = true,
            Name = name,
        };
        _thread.Start();
    }

    /// <summary>Waits for the work under way.</summary>
    public void Wait()
    {
        _thread?.Join();
        _thread = null;
    }

    /// <summary>How the work that ended last failed, once; null when it did not.</summary>
    public Exception? TakeFailure()
    {
        Exception? failure = _failure;
        if (failure is not null)
        {
            _failure = null;
        }

        return failure;
    }
}
