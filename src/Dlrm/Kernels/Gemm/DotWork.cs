using System.Runtime.CompilerServices;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Kernels;

/// <summary>
/// y (B, 1) = X (B, K) · w + b, then the rectifier if wanted: a layer with one output, as the last of a top tower.
/// </summary>
/// <remarks>
/// As a product of matrices it would use one lane in 16. Here lanes are samples: 32 × 32 elements of X at a time are
/// transposed, and k goes on in every lane as in <see cref="GemmKernel"/>, so the bits are those of
/// <see cref="GemmWork"/>.
/// </remarks>
internal unsafe struct DotWork : IParallelWork
{
    /// <summary>Fewer samples than this are better served by <see cref="GemmWork"/>.</summary>
    public const int FewestRows = 16;

    private readonly GemmKernel _kernel;
    private readonly PanelMatrix _x;
    private readonly NativeBuffer<float> _weights;
    private readonly NativeBuffer<float> _bias;
    private readonly MatrixView _y;
    private readonly bool _relu;

    /// <summary>Describes the work.</summary>
    /// <param name="kernel">The microkernel.</param>
    /// <param name="x">X (B, K), packed.</param>
    /// <param name="weights">w (K).</param>
    /// <param name="bias">b (1).</param>
    /// <param name="relu">Whether negative results become 0.</param>
    /// <param name="y">y (B, 1), written.</param>
    public DotWork(
        GemmKernel kernel,
        PanelMatrix x,
        NativeBuffer<float> weights,
        NativeBuffer<float> bias,
        bool relu,
        MatrixView y)
    {
        _kernel = kernel;
        _x = x;
        _weights = weights;
        _bias = bias;
        _relu = relu;
        _y = y;
    }

    /// <summary>Multiply-adds of the work.</summary>
    public readonly long MultiplyAdds => (long)_x.Rows * _x.Columns;

    /// <inheritdoc/>
    [SkipLocalsInit]
    public readonly void Execute(int worker, int workers)
    {
        const int Width = PanelMatrix.Width;
        float* memory = stackalloc float[(Width * Width) + (2 * Width) + 16];
        float* transposed = (float*)(((nint)memory + 63) & -64);
        float* sums = transposed + (Width * Width);
        float* bias = sums + Width;
        new Span<float>(bias, Width).Fill(_bias[0]);

        TileBlock block = default;
        block.B = transposed;
        block.BStride = Width;
        block.C = sums;
        block.CStride = Width;
        block.Rows = 1;
        block.Columns = Width;
        (int start, int end) = WorkerTeam.Share(_x.Rows, worker, workers, Width);
        for (int row = start; row < end; row += Width)
        {
            int rows = Math.Min(Width, end - row);
            for (int panel = 0; panel < _x.Panels; panel++)
            {
                int k = panel * Width;
                block.Depth = Math.Min(Width, _x.Columns - k);
                _kernel.Transpose(_x.At(panel, row), Width, rows, block.Depth, transposed);
                bool last = panel == _x.Panels - 1;
                block.A = _weights.Data + k;
                block.Accumulate = panel > 0;
                block.Bias = last ? bias : null;
                block.Relu = last && _relu;
                _kernel.Block(block);
            }

            for (int i = 0; i < rows; i++)
            {
                _y.Data[(row + i) * _y.Stride] = sums[i];
            }
        }
    }
}
