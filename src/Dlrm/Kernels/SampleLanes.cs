using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>
/// Moves a group of samples between rows and lanes: row-major (W samples, n columns) ⇄ n registers of W samples each.
/// </summary>
/// <remarks>With lanes as samples, a kernel adds up any dimension of a sample in order, and needs no tails but one.</remarks>
internal static unsafe class SampleLanes<TSimd>
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <summary>Rows to lanes.</summary>
    /// <param name="rows">First column of the first of W rows.</param>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="columns">n, 0 or more.</param>
    /// <param name="lanes">n · W floats, out: column c at c · W.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* rows, long stride, int columns, float* lanes)
    {
        int width = TSimd.Lanes;
        if (width == 1)
        {
            new ReadOnlySpan<float>(rows, columns).CopyTo(new Span<float>(lanes, columns));
            return;
        }

        int column = 0;
        for (; column <= columns - width; column += width)
        {
            TSimd.Transpose(rows + column, stride, lanes + (column * width), width);
        }

        if (column == columns)
        {
            return;
        }

        if (columns >= width)
        {
            // The last block overlaps the one before: the same values once more.
            column = columns - width;
            TSimd.Transpose(rows + column, stride, lanes + (column * width), width);
            return;
        }

        for (int sample = 0; sample < width; sample++)
        {
            for (column = 0; column < columns; column++)
            {
                lanes[(column * width) + sample] = rows[(sample * stride) + column];
            }
        }
    }

    /// <summary>Lanes to rows; nothing beyond the n columns is written.</summary>
    /// <param name="lanes">n · W floats: column c at c · W.</param>
    /// <param name="columns">n, 0 or more.</param>
    /// <param name="rows">First column of the first of W rows, out.</param>
    /// <param name="stride">Floats from one row to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack(float* lanes, int columns, float* rows, long stride)
    {
        int width = TSimd.Lanes;
        if (width == 1)
        {
            new ReadOnlySpan<float>(lanes, columns).CopyTo(new Span<float>(rows, columns));
            return;
        }

        int column = 0;
        for (; column <= columns - width; column += width)
        {
            TSimd.Transpose(lanes + (column * width), width, rows + column, stride);
        }

        if (column == columns)
        {
            return;
        }

        if (columns >= width)
        {
            column = columns - width;
            TSimd.Transpose(lanes + (column * width), width, rows + column, stride);
            return;
        }

        for (int sample = 0; sample < width; sample++)
        {
            for (column = 0; column < columns; column++)
            {
                rows[(sample * stride) + column] = lanes[(column * width) + sample];
            }
        }
    }

    /// <summary>Copies the first n columns of W rows to other rows.</summary>
    /// <param name="from">First column of the first of W rows.</param>
    /// <param name="fromStride">Floats from one row to the next.</param>
    /// <param name="columns">n, 0 or more.</param>
    /// <param name="to">First column of the first of W rows, out.</param>
    /// <param name="toStride">Floats from one row to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* from, long fromStride, int columns, float* to, long toStride)
    {
        for (int sample = 0; sample < TSimd.Lanes; sample++)
        {
            int column = 0;
            for (; column <= columns - TSimd.Lanes; column += TSimd.Lanes)
            {
                TSimd.Store(TSimd.Load(from + column), to + column);
            }

            for (; column < columns; column++)
            {
                to[column] = from[column];
            }

            from += fromStride;
            to += toStride;
        }
    }
}
