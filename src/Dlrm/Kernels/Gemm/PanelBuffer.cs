using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Memory for a packed matrix; it grows when a larger one is asked for.</summary>
internal sealed unsafe class PanelBuffer : IDisposable
{
    private NativeBuffer<float> _memory = new(0);

    /// <summary>Makes room. What the buffer held is lost when it grows.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    public void Reserve(int rows, int columns)
    {
        long length = PanelMatrix.PackedLength(rows, columns);
        if (length > _memory.Length)
        {
            _memory.Dispose();
            _memory = new NativeBuffer<float>(length);
        }
    }

    /// <summary>The memory as a packed matrix; reserve it first.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <exception cref="ArgumentException">More than was reserved.</exception>
    public PanelMatrix Matrix(int rows, int columns)
    {
        long length = PanelMatrix.PackedLength(rows, columns);
        return length <= _memory.Length
            ? PanelMatrix.Packed(_memory.Data, rows, columns)
            : throw new ArgumentException(
                $"A packed {rows} × {columns} matrix takes {length} elements; {_memory.Length} are reserved.");
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
