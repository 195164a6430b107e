using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>AVX2 with FMA: 6 rows × 16 columns in 12 accumulators of 8 lanes, two registers for B and one for A.</summary>
/// <remarks>
/// A panel of 32 columns is computed as two halves of 16. Accumulators l are columns 0 … 7 of a half, r columns 8 … 15.
/// Every height from 1 to 6 is the same source, specialised by a constant.
/// </remarks>
internal sealed unsafe class GemmKernelAvx2 : GemmKernel
{
    private const int MostRows = 6;
    private const int Lanes = 8;

    /// <inheritdoc/>
    public override void Block(in TileBlock block)
    {
        for (int column = 0; column < block.Columns; column += 2 * Lanes)
        {
            if (block.Transposed)
            {
                Walk<AcrossRows>(block, column);
            }
            else
            {
                Walk<AlongRow>(block, column);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Transpose(float* source, nint stride, int columns, float* panel)
    {
        // Half q of register j holds four columns of row 4q + j; the shuffles transpose each group of four rows.
        for (int part = 0; part < PanelMatrix.Width; part += Lanes)
        {
            float* row = source + (part * stride);
            float* target = panel + part;
            int column = 0;
            for (; column + 4 <= columns; column += 4)
            {
                Vector256<float> a = Gather(row + column, 4 * stride);
                Vector256<float> b = Gather(row + stride + column, 4 * stride);
                Vector256<float> c = Gather(row + (2 * stride) + column, 4 * stride);
                Vector256<float> d = Gather(row + (3 * stride) + column, 4 * stride);
                Vector256<double> ab = Avx.UnpackLow(a, b).AsDouble(), cd = Avx.UnpackLow(c, d).AsDouble();
                Avx.UnpackLow(ab, cd).AsSingle().Store(target);
                Avx.UnpackHigh(ab, cd).AsSingle().Store(target + PanelMatrix.Width);
                (ab, cd) = (Avx.UnpackHigh(a, b).AsDouble(), Avx.UnpackHigh(c, d).AsDouble());
                Avx.UnpackLow(ab, cd).AsSingle().Store(target + (2 * PanelMatrix.Width));
                Avx.UnpackHigh(ab, cd).AsSingle().Store(target + (3 * PanelMatrix.Width));
                target += 4 * PanelMatrix.Width;
            }

            TransposeScalar(row + column, stride, Lanes, columns - column, target);
        }
    }

    /// <summary>Four floats from each of two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Gather(float* p, nint stride) =>
        Vector256.Create(Vector128.Load(p), Vector128.Load(p + stride));

    private static void Walk<TStep>(in TileBlock block, int column)
        where TStep : struct, IDepthStep
    {
        int rows;
        for (int row = 0; row < block.Rows; row += rows)
        {
            rows = NextRows(block.Rows - row, MostRows);
            switch (rows)
            {
                case 1:
                    Tile<One, TStep>(block, row, column);
                    break;
                case 2:
                    Tile<Two, TStep>(block, row, column);
                    break;
                case 3:
                    Tile<Three, TStep>(block, row, column);
                    break;
                case 4:
                    Tile<Four, TStep>(block, row, column);
                    break;
                case 5:
                    Tile<Five, TStep>(block, row, column);
                    break;
                default:
                    Tile<Six, TStep>(block, row, column);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TRows, TStep>(in TileBlock block, int row, int column)
        where TRows : struct, IConstant
        where TStep : struct, IDepthStep
    {
        float* a = block.A + (row * TStep.Row);
        float* b = block.B + column;
        nint bStride = block.BStride;
        nint stride = block.CStride;
        float* c = block.C + (row * stride) + column;
        Vector256<float> l0 = default, l1 = default, l2 = default, l3 = default, l4 = default, l5 = default;
        Vector256<float> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        if (block.Accumulate)
        {
            l0 = Load<TRows>(0, c + (0 * stride));
            l1 = Load<TRows>(1, c + (1 * stride));
            l2 = Load<TRows>(2, c + (2 * stride));
            l3 = Load<TRows>(3, c + (3 * stride));
            l4 = Load<TRows>(4, c + (4 * stride));
            l5 = Load<TRows>(5, c + (5 * stride));
            r0 = Load<TRows>(0, c + (0 * stride) + Lanes);
            r1 = Load<TRows>(1, c + (1 * stride) + Lanes);
            r2 = Load<TRows>(2, c + (2 * stride) + Lanes);
            r3 = Load<TRows>(3, c + (3 * stride) + Lanes);
            r4 = Load<TRows>(4, c + (4 * stride) + Lanes);
            r5 = Load<TRows>(5, c + (5 * stride) + Lanes);
        }

        for (int depth = block.Depth; depth > 0; depth -= PanelMatrix.Width)
        {
            int steps = Math.Min(depth, PanelMatrix.Width);
            do
            {
                Vector256<float> left = Vector256.Load(b), right = Vector256.Load(b + Lanes);
                Vector256<float> x = Vector256.Create(*a);
                l0 = MultiplyAdd<TRows>(0, x, left, l0);
                r0 = MultiplyAdd<TRows>(0, x, right, r0);
                x = Splat<TRows>(1, a + (1 * TStep.Row));
                l1 = MultiplyAdd<TRows>(1, x, left, l1);
                r1 = MultiplyAdd<TRows>(1, x, right, r1);
                x = Splat<TRows>(2, a + (2 * TStep.Row));
                l2 = MultiplyAdd<TRows>(2, x, left, l2);
                r2 = MultiplyAdd<TRows>(2, x, right, r2);
                x = Splat<TRows>(3, a + (3 * TStep.Row));
                l3 = MultiplyAdd<TRows>(3, x, left, l3);
                r3 = MultiplyAdd<TRows>(3, x, right, r3);
                x = Splat<TRows>(4, a + (4 * TStep.Row));
                l4 = MultiplyAdd<TRows>(4, x, left, l4);
                r4 = MultiplyAdd<TRows>(4, x, right, r4);
                x = Splat<TRows>(5, a + (5 * TStep.Row));
                l5 = MultiplyAdd<TRows>(5, x, left, l5);
                r5 = MultiplyAdd<TRows>(5, x, right, r5);
                a += TStep.Depth;
                b += bStride;
            }
            while (--steps != 0);
            a += block.AJump;
        }

        if (block.Mask != null)
        {
            nint maskStride = block.MaskStride;
            float* mask = block.Mask + (row * maskStride) + column;
            l0 = Masked<TRows>(0, l0, mask + (0 * maskStride));
            l1 = Masked<TRows>(1, l1, mask + (1 * maskStride));
            l2 = Masked<TRows>(2, l2, mask + (2 * maskStride));
            l3 = Masked<TRows>(3, l3, mask + (3 * maskStride));
            l4 = Masked<TRows>(4, l4, mask + (4 * maskStride));
            l5 = Masked<TRows>(5, l5, mask + (5 * maskStride));
            r0 = Masked<TRows>(0, r0, mask + (0 * maskStride) + Lanes);
            r1 = Masked<TRows>(1, r1, mask + (1 * maskStride) + Lanes);
            r2 = Masked<TRows>(2, r2, mask + (2 * maskStride) + Lanes);
            r3 = Masked<TRows>(3, r3, mask + (3 * maskStride) + Lanes);
            r4 = Masked<TRows>(4, r4, mask + (4 * maskStride) + Lanes);
            r5 = Masked<TRows>(5, r5, mask + (5 * maskStride) + Lanes);
        }

        Vector256<float> floor = block.Relu ? Vector256<float>.Zero : Vector256.Create(float.NegativeInfinity);
        Vector256<float> none = Vector256.Create(-0f);
        Vector256<float> bias = block.Bias != null ? Vector256.Load(block.Bias + column) : none;
        Store<TRows>(0, l0, bias, floor, c + (0 * stride));
        Store<TRows>(1, l1, bias, floor, c + (1 * stride));
        Store<TRows>(2, l2, bias, floor, c + (2 * stride));
        Store<TRows>(3, l3, bias, floor, c + (3 * stride));
        Store<TRows>(4, l4, bias, floor, c + (4 * stride));
        Store<TRows>(5, l5, bias, floor, c + (5 * stride));
        bias = block.Bias != null ? Vector256.Load(block.Bias + column + Lanes) : none;
        Store<TRows>(0, r0, bias, floor, c + (0 * stride) + Lanes);
        Store<TRows>(1, r1, bias, floor, c + (1 * stride) + Lanes);
        Store<TRows>(2, r2, bias, floor, c + (2 * stride) + Lanes);
        Store<TRows>(3, r3, bias, floor, c + (3 * stride) + Lanes);
        Store<TRows>(4, r4, bias, floor, c + (4 * stride) + Lanes);
        Store<TRows>(5, r5, bias, floor, c + (5 * stride) + Lanes);
    }

    // Each helper does its work for rows that the tile has, and vanishes for the others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load<TRows>(int row, float* c)
        where TRows : struct, IConstant
        => TRows.Value > row ? Vector256.Load(c) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Splat<TRows>(int row, float* a)
        where TRows : struct, IConstant
        => TRows.Value > row ? Vector256.Create(*a) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> MultiplyAdd<TRows>(
        int row, Vector256<float> a, Vector256<float> b, Vector256<float> sum)
        where TRows : struct, IConstant
        => TRows.Value > row ? Fma.MultiplyAdd(a, b, sum) : sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Masked<TRows>(int row, Vector256<float> sum, float* mask)
        where TRows : struct, IConstant
        => TRows.Value > row
            ? Avx.And(sum, Avx.CompareGreaterThan(Vector256.Load(mask), Vector256<float>.Zero))
            : sum;

    /// <remarks>Max gives its second operand when either is NaN, so a NaN is not hidden by a rectifier.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TRows>(
        int row, Vector256<float> sum, Vector256<float> bias, Vector256<float> floor, float* c)
        where TRows : struct, IConstant
    {
        if (TRows.Value > row)
        {
            Avx.Max(floor, sum + bias).Store(c);
        }
    }
}
