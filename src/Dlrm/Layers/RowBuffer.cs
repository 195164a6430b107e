using Dlrm.Memory;

namespace Dlrm.Layers;

/// <summary>A matrix of a row a sample that a table keeps from the forward pass to the update; grows to the largest batch.</summary>
/// <param name="columns">Its width.</param>
internal sealed class RowBuffer(int columns) : IDisposable
{
    private NativeBuffer<float> _values = new(0);
    private int _rows;

    /// <summary>(B, columns).</summary>
    public MatrixView Matrix => MatrixView.Over(_values, _rows, columns);

    /// <summary>(B · columns), row-major.</summary>
    public Span<float> Values => _values.Slice(0, checked(_rows * columns));

    /// <summary>Sets B.</summary>
    /// <param name="rows">B.</param>
    public void Resize(int rows)
    {
        long needed = (long)rows * columns;
        if (needed > _values.Length)
        {
            _values.Dispose();
            _values = new NativeBuffer<float>(needed);
        }

        _rows = rows;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _values.Dispose();
}
