using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Dlrm.Kernels;

/// <summary>Sums over the rows of a packed matrix: acc = 0, then acc + x for rows ascending, in every column.</summary>
/// <remarks>An addition has one result whatever the width of a vector, so one form serves all instruction sets.</remarks>
internal static unsafe class ColumnSums
{
    /// <summary>Columns summed at once: 8 accumulators of 16 lanes, as many as hide the latency of an addition.</summary>
    public const int Columns = 4 * PanelMatrix.Width;

    /// <summary>Sums up to <see cref="Columns"/> columns, from the first one of a panel on.</summary>
    /// <param name="source">Packed.</param>
    /// <param name="column">The first column, a multiple of 32.</param>
    /// <param name="row">The first row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="sums">One for each column, written.</param>
    /// <param name="accumulate">Start from what the sums are instead of 0.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(PanelMatrix source, int column, int row, int rows, Span<float> sums, bool accumulate)
    {
        float* values = stackalloc float[Columns];
        var aside = new Span<float>(values, Columns);
        aside.Clear();
        if (accumulate)
        {
            sums.CopyTo(aside);
        }

        // Panels beyond the last one are stood in for by the first; their sums go nowhere.
        int panel = column / PanelMatrix.Width, last = source.Panels - 1;
        float* p = source.At(panel, row);
        float* q = source.At(panel + 1 <= last ? panel + 1 : panel, row);
        float* r = source.At(panel + 2 <= last ? panel + 2 : panel, row);
        float* s = source.At(panel + 3 <= last ? panel + 3 : panel, row);
        Vector512<float> p0 = Vector512.Load(values), p1 = Vector512.Load(values + 16);
        Vector512<float> q0 = Vector512.Load(values + 32), q1 = Vector512.Load(values + 48);
        Vector512<float> r0 = Vector512.Load(values + 64), r1 = Vector512.Load(values + 80);
        Vector512<float> s0 = Vector512.Load(values + 96), s1 = Vector512.Load(values + 112);
        for (nint offset = 0; offset < (nint)rows * PanelMatrix.Width; offset += PanelMatrix.Width)
        {
            p0 += Vector512.Load(p + offset);
            p1 += Vector512.Load(p + offset + 16);
            q0 += Vector512.Load(q + offset);
            q1 += Vector512.Load(q + offset + 16);
            r0 += Vector512.Load(r + offset);
            r1 += Vector512.Load(r + offset + 16);
            s0 += Vector512.Load(s + offset);
            s1 += Vector512.Load(s + offset + 16);
        }

        p0.Store(values);
        p1.Store(values + 16);
        q0.Store(values + 32);
        q1.Store(values + 48);
        r0.Store(values + 64);
        r1.Store(values + 80);
        s0.Store(values + 96);
        s1.Store(values + 112);
        aside[..sums.Length].CopyTo(sums);
    }
}
