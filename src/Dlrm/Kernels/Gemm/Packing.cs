using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Kernels;

/// <summary>Copies row-major matrices into panels. Where workers are named, each does its share.</summary>
internal static unsafe class Packing
{
    /// <summary>Columns that stay together when a transposed copy is divided among workers.</summary>
    private const int TransposeGrain = 128;

    /// <summary>target = source.</summary>
    /// <param name="source">(R, C).</param>
    /// <param name="target">(R, C), packed.</param>
    /// <param name="worker">Worker number.</param>
    /// <param name="workers">Workers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(MatrixView source, PanelMatrix target, int worker, int workers)
    {
        int full = source.Columns / PanelMatrix.Width, rest = source.Columns % PanelMatrix.Width;
        (int start, int end) = WorkerTeam.Share(source.Rows, worker, workers);
        for (int row = start; row < end; row++)
        {
            float* from = source.Data + (row * source.Stride);
            float* to = target.At(0, row);
            for (int panel = 0; panel < full; panel++)
            {
                Unsafe.CopyBlockUnaligned(to, from, PanelMatrix.Width * sizeof(float));
                from += PanelMatrix.Width;
                to += target.PanelStride;
            }

            if (rest > 0)
            {
                CopyPadded(from, rest, to);
            }
        }
    }

    /// <summary>Rows [k, k + depth) of one panel of a row-major matrix, with zeros beyond its last column.</summary>
    /// <param name="source">Row-major.</param>
    /// <param name="panel">Panel number.</param>
    /// <param name="k">First row.</param>
    /// <param name="depth">Rows.</param>
    /// <param name="target">Rows of 32 elements.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyPanel(PanelMatrix source, int panel, int k, int depth, float* target)
    {
        int columns = Math.Min(PanelMatrix.Width, source.Columns - (panel * PanelMatrix.Width));
        float* from = source.At(panel, k);
        float* end = source.At(0, source.Rows - 1) + source.Columns;
        for (int row = 0; row < depth; row++)
        {
            // Where another row follows, what is copied too much is its beginning, and nobody looks at it.
            if (from + PanelMatrix.Width <= end)
            {
                Unsafe.CopyBlockUnaligned(target, from, PanelMatrix.Width * sizeof(float));
            }
            else
            {
                CopyPadded(from, columns, target);
            }

            from += source.RowStride;
            target += PanelMatrix.Width;
        }
    }

    /// <summary>target = mask > 0 ? source : 0, element by element: the way back through a rectifier.</summary>
    /// <param name="source">(R, C).</param>
    /// <param name="mask">(R, C).</param>
    /// <param name="target">(R, C), packed.</param>
    /// <param name="worker">Worker number.</param>
    /// <param name="workers">Workers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyMasked(MatrixView source, MatrixView mask, PanelMatrix target, int worker, int workers)
    {
        (int start, int end) = WorkerTeam.Share(source.Rows, worker, workers);
        for (int row = start; row < end; row++)
        {
            float* from = source.Data + (row * source.Stride);
            float* gate = mask.Data + (row * mask.Stride);
            float* to = target.At(0, row);
            int column = 0;
            for (; column + Vector128<float>.Count <= source.Columns; column += Vector128<float>.Count)
            {
                Vector128<float> open = Vector128.GreaterThan(Vector128.Load(gate + column), Vector128<float>.Zero);
                (Vector128.Load(from + column) & open).Store(Address(to, target, column));
            }

            for (; column < target.Panels * PanelMatrix.Width; column++)
            {
                *Address(to, target, column) = column < source.Columns && gate[column] > 0 ? from[column] : 0;
            }
        }
    }

    /// <summary>target = sourceᵀ.</summary>
    /// <param name="kernel">Has the fast transposition.</param>
    /// <param name="source">(R, C).</param>
    /// <param name="target">(C, R), packed.</param>
    /// <param name="worker">Worker number.</param>
    /// <param name="workers">Workers.</param>
    public static void Transpose(GemmKernel kernel, MatrixView source, PanelMatrix target, int worker, int workers)
    {
        int parts = (source.Columns + TransposeGrain - 1) / TransposeGrain;
        (int start, int end) = WorkerTeam.Share(target.Panels * parts, worker, workers);
        for (int unit = start; unit < end; unit++)
        {
            (int panel, int column) = (unit / parts, unit % parts * TransposeGrain);
            int row = panel * PanelMatrix.Width;
            kernel.Transpose(
                source.Data + (row * source.Stride) + column,
                (nint)source.Stride,
                Math.Min(source.Rows - row, PanelMatrix.Width),
                Math.Min(source.Columns - column, TransposeGrain),
                target.At(panel, column));
        }
    }

    private static void CopyPadded(float* from, int columns, float* to)
    {
        for (int column = 0; column < PanelMatrix.Width; column++)
        {
            to[column] = column < columns ? from[column] : 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Address(float* row, PanelMatrix target, int column) =>
        row + (column / PanelMatrix.Width * target.PanelStride) + (column % PanelMatrix.Width);
}
