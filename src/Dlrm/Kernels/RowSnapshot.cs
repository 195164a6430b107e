using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>A tensor of rows as it was at one moment, while its rows go on changing.</summary>
/// <remarks>
/// <para>
/// A reader passes over the rows in order, a piece at a time. A row that is about to change, and that the reader has not
/// reached, is copied aside first, once; the reader takes the copy. What is aside grows with the distinct rows that change
/// meanwhile, in segments of about 1 MB.
/// </para>
/// <para>
/// <see cref="Protect"/> may run on many threads, for different rows. It and the changes after it must not overlap with
/// <see cref="Read"/>: the caller keeps both behind one lock, for a piece at a time.
/// </para>
/// </remarks>
internal sealed unsafe class RowSnapshot : IDisposable
{
    private const int SegmentBytes = 1 << 20;
    private const int Ahead = 8;

    private readonly byte* _rows;
    private readonly long _rowBytes;
    private readonly int _segmentShift;
    private readonly SlotMemory _memory;
    private readonly NativeBuffer<int> _slots;
    private readonly NativeBuffer<byte>?[] _segments;
    private readonly Lock _growing = new();
    private volatile InsufficientMemoryException? _failure;
    private int _used;
    private int _read;

    private RowSnapshot(void* rows, int count, long rowBytes, SlotMemory memory)
    {
        _memory = memory;
        _rows = (byte*)rows;
        Count = count;
        _rowBytes = rowBytes;
        while (_segmentShift < 16 && (rowBytes << (_segmentShift + 1)) <= SegmentBytes)
        {
            _segmentShift++;
        }

        _slots = memory.Rent(count);
        _segments = new NativeBuffer<byte>?[((long)count >> _segmentShift) + 1];
    }

    /// <summary>Rows.</summary>
    public int Count { get; }

    /// <summary>Bytes kept aside so far.</summary>
    public long BytesAside => Math.Min(_used, Count) * _rowBytes;

    /// <summary>Takes the snapshot; takes four bytes a row.</summary>
    /// <typeparam name="T">The type of the tensor's elements.</typeparam>
    /// <param name="tensor">The tensor, which outlives the snapshot.</param>
    /// <param name="rows">Its rows, 1 or more, all of one length.</param>
    /// <param name="memory">Where the numbers of its rows are kept.</param>
    public static RowSnapshot Of<T>(NativeBuffer<T> tensor, int rows, SlotMemory memory)
        where T : unmanaged
        => new(tensor.Data, rows, tensor.Bytes / rows, memory);

    /// <summary>Copies the rows of sorted lookups aside where that is still needed; to be called before they change.</summary>
    /// <param name="lookups">Rows that no other thread protects meanwhile.</param>
    public void Protect(in SortedLookups lookups)
    {
        int* slots = _slots.Data;
        int previous = -1;
        for (int place = 0; place < lookups.Count; place++)
        {
            int ahead = lookups.Row(Math.Min(place + Ahead, lookups.Count - 1));
            Prefetch.Row((float*)(_rows + (ahead * _rowBytes)), (int)Math.Min(_rowBytes, 512));
            int row = lookups.Row(place);
            if (row != previous && row >= _read && slots[row] == 0)
            {
                CopyAside(row);
            }

            previous = row;
        }
    }

    /// <summary>The rows [first, first + count) as they were. Rows are read in order, each once.</summary>
    /// <param name="first">The row after the last one read.</param>
    /// <param name="count">Rows.</param>
    /// <param name="destination">Their bytes, out.</param>
    /// <exception cref="InsufficientMemoryException">Rows have changed that there was no memory to keep.</exception>
    public void Read(int first, int count, Span<byte> destination)
    {
        if (_failure is { } failure)
        {
            throw failure;
        }

        if (first != _read || count < 0 || count > Count - first || destination.Length != count * _rowBytes)
        {
            throw new ArgumentException($"Rows [{first}, {first} + {count}) do not follow row {_read}, or do not fit.", nameof(first));
        }

        new ReadOnlySpan<byte>(_rows + (first * _rowBytes), destination.Length).CopyTo(destination);
        for (int row = 0; row < count && _used > 0; row++)
        {
            if (_slots.Data[first + row] is var slot and > 0)
            {
                new ReadOnlySpan<byte>(Place(slot - 1), (int)_rowBytes).CopyTo(destination[(int)(row * _rowBytes)..]);
            }
        }

        _read = first + count;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _memory.Return(_slots);
        foreach (NativeBuffer<byte>? segment in _segments)
        {
            segment?.Dispose();
        }
    }

    private void CopyAside(int row)
    {
        int slot = Interlocked.Increment(ref _used);
        if (_segments[(slot - 1) >> _segmentShift] is null && !TryGrow((slot - 1) >> _segmentShift))
        {
            return;
        }

        Buffer.MemoryCopy(_rows + (row * _rowBytes), Place(slot - 1), _rowBytes, _rowBytes);
        _slots.Data[row] = slot;
    }

    private byte* Place(int slot)
        => _segments[slot >> _segmentShift]!.Data + ((slot & ((1 << _segmentShift) - 1)) * _rowBytes);

    /// <summary>False when memory ran out: the snapshot is lost, the rows' owner is not disturbed.</summary>
    private bool TryGrow(int segment)
    {
        lock (_growing)
        {
            try
            {
                _segments[segment] ??= _memory.Segment(_rowBytes << _segmentShift);
                return true;
            }
            catch (InsufficientMemoryException exception)
            {
                _failure = exception;
                return false;
            }
        }
    }
}
