using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Zeroed tables of numbers that snapshots use one after the other: made once, cleared by whoever gives them back.</summary>
/// <remarks>Asking the system for fresh memory takes longer than all else at a snapshot; clearing happens in the background.</remarks>
internal class SlotMemory : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<NativeBuffer<int>> _free = [];

    /// <summary>Zeroed numbers.</summary>
    /// <param name="length">How many.</param>
    public NativeBuffer<int> Rent(int length)
    {
        lock (_gate)
        {
            int found = _free.FindIndex(buffer => buffer.Length == length);
            if (found >= 0)
            {
                NativeBuffer<int> buffer = _free[found];
                _free.RemoveAt(found);
                return buffer;
            }
        }

        return new NativeBuffer<int>(length);
    }

    /// <summary>Room for rows that are kept aside; tests let it run out.</summary>
    /// <param name="bytes">How much.</param>
    /// <exception cref="InsufficientMemoryException">There is no more.</exception>
    public virtual NativeBuffer<byte> Segment(long bytes) => new(bytes);

    /// <summary>Clears numbers and keeps them for the next.</summary>
    /// <param name="buffer">What <see cref="Rent"/> gave.</param>
    public void Return(NativeBuffer<int> buffer)
    {
        buffer.Span.Clear();
        lock (_gate)
        {
            _free.Add(buffer);
        }
    }

    /// <summary>Gives the memory back to the system.</summary>
    public void Dispose()
    {
        _free.ForEach(buffer => buffer.Dispose());
        GC.SuppressFinalize(this);
    }
}
