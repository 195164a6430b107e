namespace Dlrm.Data.Lines;

/// <summary>Blocks of text between the thread that fills them and the one that reads them; each waits for the other.</summary>
/// <remarks>
/// The filling thread is mostly the faster one. It sleeps until half of the blocks are free again or none is left to be read:
/// waking it for each block, or spinning in between, would cost processor time that the parser needs.
/// </remarks>
/// <param name="blocks">Blocks that there may be at a time.</param>
internal sealed class BlockExchange(int blocks)
{
    private readonly object _gate = new();
    private readonly Queue<TextBlock> _full = new();
    private readonly Stack<TextBlock> _free = new();
    private int _made;
    private bool _ended;
    private bool _stopped;

    /// <summary>A block to fill.</summary>
    /// <exception cref="OperationCanceledException"><see cref="Stop"/> was called.</exception>
    public TextBlock TakeFree()
    {
        lock (_gate)
        {
            if (_free.Count == 0 && _made < blocks)
            {
                _made++;
                return new TextBlock();
            }

            while (!_stopped && !FillerMayGoOn())
            {
                Monitor.Wait(_gate);
            }

            ThrowIfStopped();
            return _free.Pop();
        }
    }

    /// <summary>Hands over a block that was filled.</summary>
    public void Publish(TextBlock block)
    {
        lock (_gate)
        {
            _full.Enqueue(block);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Says that no block follows.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>The next block to be read, null after the last.</summary>
    /// <exception cref="OperationCanceledException"><see cref="Stop"/> was called.</exception>
    public TextBlock? TakeFull()
    {
        lock (_gate)
        {
            ThrowIfStopped();
            while (_full.Count == 0 && !_ended)
            {
                Monitor.Wait(_gate);
                ThrowIfStopped();
            }

            TextBlock? block = _full.Count > 0 ? _full.Dequeue() : null;
            WakeFiller();
            return block;
        }
    }

    /// <summary>Gives a block back.</summary>
    public void Return(TextBlock block)
    {
        lock (_gate)
        {
            _free.Push(block);
            WakeFiller();
        }
    }

    /// <summary>Ends all waiting.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
    }

    private bool FillerMayGoOn() => _free.Count > 0 && (_full.Count == 0 || _free.Count >= blocks / 2);

    // Only one of the two ever waits: whoever is here does not.
    private void WakeFiller()
    {
        if (FillerMayGoOn())
        {
            Monitor.Pulse(_gate);
        }
    }

    private void ThrowIfStopped()
    {
        if (_stopped)
        {
            throw new OperationCanceledException();
        }
    }
}
