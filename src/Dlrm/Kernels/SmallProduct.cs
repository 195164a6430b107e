using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>A matrix product with a narrow side, on the calling thread: C (M, N) = A (M, K) · B (K, N).</summary>
/// <remarks>
/// <code>c[i, j] = Σ a[i, k] · b[k, j]   or, with A transposed, Σ a[k, i] · b[k, j]</code>
/// acc = fma(a, b, acc) from 0 with k ascending, each element by itself: the same bits at every vector width and
/// however rows are divided. Four rows go over B together. Any strides; C overlaps neither A nor B.
/// </remarks>
internal abstract class SmallProduct
{
    private static readonly SmallProduct[] Kernels =
    [
        new SmallProduct<SimdScalar>(), new SmallProduct<Simd128>(), new SmallProduct<Simd256>(), new SmallProduct<Simd512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static SmallProduct For(InstructionSet set) => Kernels[(int)set];

    /// <summary>Computes rows [start, end) of C.</summary>
    /// <param name="a">(M, K), or (K, M) when transposed; it may have more rows.</param>
    /// <param name="transposed">Whether A is given transposed.</param>
    /// <param name="b">(K, N).</param>
    /// <param name="c">(M, N), out.</param>
    /// <param name="start">First row.</param>
    /// <param name="end">One after the last.</param>
    public abstract void Multiply(MatrixView a, bool transposed, MatrixView b, MatrixView c, int start, int end);
}

/// <summary><see cref="SmallProduct"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class SmallProduct<TSimd> : SmallProduct
    where TSimd : unmanaged, ISimd<TSimd>
{
    private const int RowBlock = 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Multiply(MatrixView a, bool transposed, MatrixView b, MatrixView c, int start, int end)
    {
        long rowStride = transposed ? 1 : a.Stride;
        long depthStride = transposed ? a.Stride : 1;
        int row = start;
        for (; row + RowBlock <= end; row += RowBlock)
        {
            float* left = a.Data + (row * rowStride);
            float* output = c.Data + (row * c.Stride);
            int column = 0;
            for (; column + TSimd.Lanes <= c.Columns; column += TSimd.Lanes)
            {
                Rows<TSimd>(left, rowStride, depthStride, b.Data + column, b.Stride, b.Rows, output + column, c.Stride);
            }

            for (; column < c.Columns; column++)
            {
                Rows<SimdScalar>(left, rowStride, depthStride, b.Data + column, b.Stride, b.Rows, output + column, c.Stride);
            }
        }

        for (; row < end; row++)
        {
            float* left = a.Data + (row * rowStride);
            float* output = c.Data + (row * c.Stride);
            int column = 0;
            for (; column + TSimd.Lanes <= c.Columns; column += TSimd.Lanes)
            {
                Row<TSimd>(left, depthStride, b.Data + column, b.Stride, b.Rows, output + column);
            }

            for (; column < c.Columns; column++)
            {
                Row<SimdScalar>(left, depthStride, b.Data + column, b.Stride, b.Rows, output + column);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows<TColumns>(
        float* a, long rowStride, long depthStride, float* b, long bStride, int depth, float* c, long cStride)
        where TColumns : unmanaged, ISimd<TColumns>
    {
        TColumns sum0 = TColumns.Zero;
        TColumns sum1 = TColumns.Zero;
        TColumns sum2 = TColumns.Zero;
        TColumns sum3 = TColumns.Zero;
        for (int k = 0; k < depth; k++)
        {
            TColumns right = TColumns.Load(b);
            sum0 = TColumns.Fma(TColumns.Broadcast(a[0]), right, sum0);
            sum1 = TColumns.Fma(TColumns.Broadcast(a[rowStride]), right, sum1);
            sum2 = TColumns.Fma(TColumns.Broadcast(a[2 * rowStride]), right, sum2);
            sum3 = TColumns.Fma(TColumns.Broadcast(a[3 * rowStride]), right, sum3);
            a += depthStride;
            b += bStride;
        }

        TColumns.Store(sum0, c);
        TColumns.Store(sum1, c + cStride);
        TColumns.Store(sum2, c + (2 * cStride));
        TColumns.Store(sum3, c + (3 * cStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row<TColumns>(float* a, long depthStride, float* b, long bStride, int depth, float* c)
        where TColumns : unmanaged, ISimd<TColumns>
    {
        TColumns sum = TColumns.Zero;
        for (int k = 0; k < depth; k++)
        {
            sum = TColumns.Fma(TColumns.Broadcast(*a), TColumns.Load(b), sum);
            a += depthStride;
            b += bStride;
        }

        TColumns.Store(sum, c);
    }
}
