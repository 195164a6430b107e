using Dlrm.Memory;

namespace Dlrm.Data.Folders;

/// <summary>Reads a pass in the order of a <see cref="WindowOrder"/>: one window is given out while the next is filled.</summary>
internal sealed class WindowShuffle : IDisposable
{
    private readonly SplitRows _rows;
    private readonly NativeBuffer<int> _permutation;
    private RowWindow _present;
    private RowWindow? _next;
    private WindowOrder? _order;
    private int _window = -1;
    private int _blocksOfNext;
    private bool _presentLoaded;

    /// <summary>Makes the buffers.</summary>
    public WindowShuffle(SplitRows rows, WindowOrder order)
    {
        _rows = rows;
        _present = new RowWindow(rows, order.Capacity);
        _next = order.Windows > 1 ? new RowWindow(rows, order.Capacity) : null;
        _permutation = new NativeBuffer<int>(order.Capacity);
    }

    /// <summary>Writes the samples from a position of the pass on.</summary>
    public void Read(WindowOrder order, long first, Batch batch)
    {
        for (int table = 0; table < batch.Tables; table++)
        {
            batch.Offsets(table)[0] = 0;
        }

        for (int done = 0; done < batch.Size;)
        {
            int window = order.WindowOf(first + done);
            Enter(order, window);
            int from = (int)(first + done - order.First(window));
            int count = Math.Min(batch.Size - done, order.RowsIn(window) - from);
            _present.Gather(_permutation.Slice(from, count), batch, done);
            done += count;
            FillNext(order, window, from + count);
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _present.Dispose();
        _next?.Dispose();
        _permutation.Dispose();
    }

    private void Enter(WindowOrder order, int window)
    {
        if (_order == order && _window == window)
        {
            return;
        }

        if (_next is null)
        {
            // One window holds the whole part: its rows stay, only their order changes.
            if (!_presentLoaded)
            {
                Append(_present, order, window, 0, order.Blocks(window).Length);
                _presentLoaded = true;
            }
        }
        else if (_order == order && window == _window + 1)
        {
            Append(_next, order, window, _blocksOfNext, order.Blocks(window).Length);
            (_present, _next) = (_next, _present);
        }
        else
        {
            _present.Clear();
            Append(_present, order, window, 0, order.Blocks(window).Length);
        }

        _next?.Clear();
        _blocksOfNext = 0;
        _order = order;
        _window = window;
        order.Permute(window, _permutation.Slice(0, order.RowsIn(window)));
    }

    /// <summary>Of the next window, as large a share is filled as was given out of the present one.</summary>
    private void FillNext(WindowOrder order, int window, int givenOut)
    {
        if (_next is null || window + 1 >= order.Windows)
        {
            return;
        }

        int blocks = order.Blocks(window + 1).Length;
        int due = (int)((long)blocks * givenOut / order.RowsIn(window));
        if (due > _blocksOfNext)
        {
            Append(_next, order, window + 1, _blocksOfNext, due);
            _blocksOfNext = due;
        }
    }

    private void Append(RowWindow target, WindowOrder order, int window, int from, int end)
    {
        foreach (int block in order.Blocks(window)[from..end])
        {
            _rows.Read(order.FirstOf(block), order.RowsOf(block), target);
        }
    }
}
