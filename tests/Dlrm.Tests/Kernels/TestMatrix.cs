using Dlrm.Memory;

namespace Dlrm.Tests.Kernels;

/// <summary>
/// A matrix at an unaligned start with gaps between rows: what lies around it must stay as it was.
/// </summary>
internal sealed class TestMatrix : IDisposable
{
    private const float Surround = -12345.5f;
    private const int Offset = 3;
    private readonly NativeBuffer<float> _memory;
    private readonly int _stride;

    /// <summary>Values in [−1, 1), some of them 0, from a small generator of its own.</summary>
    public TestMatrix(int rows, int columns, uint seed)
    {
        _stride = columns + 5;
        _memory = new NativeBuffer<float>(Offset + ((long)rows * _stride));
        _memory.Span.Fill(Surround);
        View = Create(_memory, rows, columns, _stride);
        uint state = seed * 2654435761u;
        for (int row = 0; row < rows; row++)
        {
            foreach (ref float value in View.Row(row))
            {
                state = (state * 1664525u) + 1013904223u;
                value = state >> 29 == 0 ? 0 : ((int)state >> 8) / 8388608f;
            }
        }
    }

    public MatrixView View { get; }

    public bool IsSurroundIntact
    {
        get
        {
            Span<float> all = _memory.Span;
            bool intact = all[..Offset].IndexOfAnyExcept(Surround) < 0;
            for (int row = 0; row < View.Rows; row++)
            {
                intact &= all.Slice(Offset + (row * _stride) + View.Columns, 5).IndexOfAnyExcept(Surround) < 0;
            }

            return intact;
        }
    }

    public float this[int row, int column] => View.Row(row)[column];

    public Span<float> Row(int row) => View.Row(row);

    public void Fill(float value)
    {
        for (int row = 0; row < View.Rows; row++)
        {
            View.Row(row).Fill(value);
        }
    }

    public void Dispose() => _memory.Dispose();

    private static unsafe MatrixView Create(NativeBuffer<float> memory, int rows, int columns, int stride) =>
        new(memory.Data + Offset, rows, columns, stride);
}
