using System.Runtime.ExceptionServices;

namespace Dlrm.Threading;

/// <summary>
/// One background thread that fills a ring of reusable items ahead of one consumer, in order.
/// </summary>
/// <remarks>
/// A run is a numbered range: <see cref="Start"/> asks for items [first, end), <see cref="Take"/> gives them one by one,
/// <see cref="Peek"/> shows the next, <see cref="Release"/> returns the one taken. Nothing is produced beyond the range, so whatever the producer's
/// source shares with others (a random state, say) stands exactly after item end − 1 when the range is used up. The
/// producer's exception reaches the consumer at the item that caused it.
/// </remarks>
/// <typeparam name="T">The item; all are made beforehand and used again and again.</typeparam>
internal sealed class RingProducer<T> : IDisposable
    where T : class
{
    private readonly T[] _items;
    private readonly Action<int, T> _fill;
    private readonly SemaphoreSlim _free;
    private readonly SemaphoreSlim _filled = new(0);
    private readonly SemaphoreSlim _started = new(0);
    private readonly Thread _thread;
    private volatile ExceptionDispatchInfo? _failure;
    private volatile bool _stopping;
    private volatile bool _abandon;
    private int _failed;
    private int _first;
    private int _end;
    private int _taken;
    private int _released;
    private volatile bool _idle = true;

    /// <summary>Starts the thread.</summary>
    /// <param name="items">The ring, one item or more.</param>
    /// <param name="fill">Called on the background thread: fills an item with what belongs to a number.</param>
    /// <param name="name">The thread's name.</param>
    public RingProducer(T[] items, Action<int, T> fill, string name)
    {
        _items = items;
        _fill = fill;
        _free = new SemaphoreSlim(items.Length);
        _thread = new Thread(Produce) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Starts producing [first, end). The range before must have been used up or cancelled.</summary>
    public void Start(int first, int end)
    {
        if (_taken != _released || !_idle)
        {
            throw new InvalidOperationException("The range before is still under way.");
        }

        (_first, _end, _taken, _released) = (first, end, first, first);
        _failure = null;
        _abandon = false;
        _idle = false;
        _started.Release();
    }

    /// <summary>The next item, filled; waits for it.</summary>
    public T Take()
    {
        if (_taken >= _end)
        {
            throw new InvalidOperationException($"The range ends before item {_end}.");
        }

        _filled.Wait();
        if (_failure is { } failure && _taken == _failed)
        {
            _filled.Release(); // later calls see the failure too
            failure.Throw();
        }

        return _items[(_taken++ - _first) % _items.Length];
    }

    /// <summary>
    /// The item after the one taken last, which <see cref="Take"/> will give; waits for it. Null at the end of the range, and
    /// where the ring has one item alone or producing it failed, of which <see cref="Take"/> tells.
    /// </summary>
    public T? Peek()
    {
        if (_taken >= _end || _taken - _released >= _items.Length)
        {
            return null;
        }

        _filled.Wait();
        _filled.Release();
        return _failure is not null && _taken == _failed ? null : _items[(_taken - _first) % _items.Length];
    }

    /// <summary>Gives the item taken last back to be filled again; the range ends with its last item.</summary>
    public void Release()
    {
        _released++;
        _free.Release();
        if (_released == _end)
        {
            WaitUntilIdle();
        }
    }

    /// <summary>Ends the range early: what was produced ahead is dropped.</summary>
    public void Cancel()
    {
        _abandon = true;
        _free.Release();
        WaitUntilIdle();
        while (_filled.Wait(0))
        {
        }

        while (_free.Wait(0))
        {
        }

        _free.Release(_items.Length);
        _released = _taken;
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _stopping = true;
        _abandon = true;
        _started.Release();
        _free.Release();
        _thread.Join();
        _free.Dispose();
        _filled.Dispose();
        _started.Dispose();
    }

    private void WaitUntilIdle()
    {
        var spinner = new SpinWait();
        while (!_idle)
        {
            spinner.SpinOnce();
        }
    }

    private void Produce()
    {
        while (true)
        {
            _started.Wait();
            if (_stopping)
            {
                return;
            }

            int number = _first;
            try
            {
                for (; number < _end; number++)
                {
                    _free.Wait();
                    if (_abandon)
                    {
                        break;
                    }

                    _fill(number, _items[(number - _first) % _items.Length]);
                    _filled.Release();
                }
            }
#pragma warning disable CA1031 // Carried to the consumer.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _failed = number;
                _failure = ExceptionDispatchInfo.Capture(exception);
                _filled.Release();
            }

            _idle = true;
        }
    }
}
