using System.Diagnostics;

namespace Dlrm.Serving.Batching;

/// <summary>Requests that wait for an engine: bounded in rows, first come first served, each of which may leave early.</summary>
/// <param name="limit">Rows that may wait.</param>
/// <param name="delay">How long a row may wait for company while an engine is free.</param>
internal sealed class ScoreQueue(int limit, TimeSpan delay)
{
    private readonly object _gate = new(); // Monitor.Wait needs an object
    private PendingScore? _first;
    private PendingScore? _last;
    private int _rows;
    private bool _closed;

    /// <summary>Rows that wait.</summary>
    public int Rows => Volatile.Read(ref _rows);

    /// <summary>Puts a request at the end.</summary>
    /// <returns>False when there is no room: nothing was changed.</returns>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public bool TryEnqueue(PendingScore pending)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_rows + pending.Count > limit)
            {
                return false;
            }

            pending.IsWaiting = true;
            pending.Previous = _last;
            if (_last is null)
            {
                _first = pending;
            }
            else
            {
                _last.Next = pending;
            }

            _last = pending;
            _rows += pending.Count;
            Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Takes a request out that nobody waits for any more.</summary>
    /// <returns>False when an engine has it already: it will be done soon.</returns>
    public bool TryCancel(PendingScore pending)
    {
        lock (_gate)
        {
            if (!pending.IsWaiting)
            {
                return false;
            }

            Unlink(pending);
        }

        pending.Cancel();
        return true;
    }

    /// <summary>
    /// Waits for requests and takes those that one batch holds: the oldest, and the ones behind it while they fit. One that
    /// is larger than a batch, or shares a context, goes alone.
    /// </summary>
    /// <param name="taken">Filled.</param>
    /// <param name="most">Rows of a batch.</param>
    /// <returns>False when the queue is closed and empty.</returns>
    public bool Take(List<PendingScore> taken, int most)
    {
        taken.Clear();
        lock (_gate)
        {
            WaitForWork(most);
            int rows = 0;
            while (_first is { } next && (rows == 0 || (rows + next.Count <= most && next.Shared is null)))
            {
                Unlink(next);
                taken.Add(next);
                rows += next.Count;
                if (next.Shared is not null)
                {
                    break;
                }
            }

            if (_first is not null)
            {
                Monitor.Pulse(_gate); // for another engine
            }

            return taken.Count > 0;
        }
    }

    /// <summary>Lets engines take what waits, and then end.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void WaitForWork(int most)
    {
        while (true)
        {
            if (_first is null)
            {
                if (_closed)
                {
                    return;
                }

                Monitor.Wait(_gate);
                continue;
            }

            TimeSpan left = delay == TimeSpan.Zero ? TimeSpan.Zero : delay - Stopwatch.GetElapsedTime(_first.Since);
            if (left <= TimeSpan.Zero || _rows >= most || _closed)
            {
                return;
            }

            Monitor.Wait(_gate, Math.Max(1, (int)Math.Ceiling(left.TotalMilliseconds)));
        }
    }

    private void Unlink(PendingScore pending)
    {
        if (pending.Previous is { } before)
        {
            before.Next = pending.Next;
        }
        else
        {
            _first = pending.Next;
        }

        if (pending.Next is { } after)
        {
            after.Previous = pending.Previous;
        }
        else
        {
            _last = pending.Previous;
        }

        pending.Previous = pending.Next = null;
        pending.IsWaiting = false;
        _rows -= pending.Count;
    }
}
