using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>AVX-512: 12 rows × 32 columns in 24 accumulators of 16 lanes, two registers for B and one for A.</summary>
/// <remarks>
/// A step of k loads 128 bytes of B and broadcasts 12 elements of A: 14 loads for 24 multiply-adds, so the two
/// multiply-add pipes are the bottleneck. Accumulators l are columns 0 … 15, r columns 16 … 31. Every height from 1 to
/// 12 and both widths are the same source, specialised by constants.
/// </remarks>
internal sealed unsafe class GemmKernelAvx512 : GemmKernel
{
    private const int MostRows = 12;
    private const int Lanes = 16;

    /// <inheritdoc/>
    public override void Block(in TileBlock block)
    {
        switch (block.Transposed, block.Columns > Lanes)
        {
            case (false, false):
                Walk<AlongRow, One>(block);
                break;
            case (false, true):
                Walk<AlongRow, Two>(block);
                break;
            case (true, false):
                Walk<AcrossRows, One>(block);
                break;
            case (true, true):
                Walk<AcrossRows, Two>(block);
                break;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Transpose(float* source, nint stride, int columns, float* panel)
    {
        // Lane group q of register j holds four columns of row 4q + j; the shuffles transpose each group of four rows.
        for (int half = 0; half < PanelMatrix.Width; half += Lanes)
        {
            float* row = source + (half * stride);
            float* target = panel + half;
            int column = 0;
            for (; column + 4 <= columns; column += 4)
            {
                Vector512<float> a = Gather(row + column, 4 * stride);
                Vector512<float> b = Gather(row + stride + column, 4 * stride);
                Vector512<float> c = Gather(row + (2 * stride) + column, 4 * stride);
                Vector512<float> d = Gather(row + (3 * stride) + column, 4 * stride);
                Vector512<double> ab = Avx512F.UnpackLow(a, b).AsDouble(), cd = Avx512F.UnpackLow(c, d).AsDouble();
                Avx512F.UnpackLow(ab, cd).AsSingle().Store(target);
                Avx512F.UnpackHigh(ab, cd).AsSingle().Store(target + PanelMatrix.Width);
                (ab, cd) = (Avx512F.UnpackHigh(a, b).AsDouble(), Avx512F.UnpackHigh(c, d).AsDouble());
                Avx512F.UnpackLow(ab, cd).AsSingle().Store(target + (2 * PanelMatrix.Width));
                Avx512F.UnpackHigh(ab, cd).AsSingle().Store(target + (3 * PanelMatrix.Width));
                target += 4 * PanelMatrix.Width;
            }

            TransposeScalar(row + column, stride, Lanes, columns - column, target);
        }
    }

    /// <summary>Four floats from each of four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Gather(float* p, nint stride)
    {
        Vector512<float> v = Vector128.Load(p).ToVector256Unsafe().ToVector512Unsafe();
        v = Avx512F.InsertVector128(v, Vector128.Load(p + stride), 1);
        v = Avx512F.InsertVector128(v, Vector128.Load(p + (2 * stride)), 2);
        return Avx512F.InsertVector128(v, Vector128.Load(p + (3 * stride)), 3);
    }

    private static void Walk<TStep, TVectors>(in TileBlock block)
        where TStep : struct, IDepthStep
        where TVectors : struct, IConstant
    {
        int rows, tile = block.FirstTile;
        for (int row = 0; row < block.Rows; row += rows, tile++)
        {
            rows = NextRows(block.Rows - row, MostRows);
            switch (rows)
            {
                case 1:
                    Tile<One, TStep, TVectors>(block, row, tile);
                    break;
                case 2:
                    Tile<Two, TStep, TVectors>(block, row, tile);
                    break;
                case 3:
                    Tile<Three, TStep, TVectors>(block, row, tile);
                    break;
                case 4:
                    Tile<Four, TStep, TVectors>(block, row, tile);
                    break;
                case 5:
                    Tile<Five, TStep, TVectors>(block, row, tile);
                    break;
                case 6:
                    Tile<Six, TStep, TVectors>(block, row, tile);
                    break;
                case 7:
                    Tile<Seven, TStep, TVectors>(block, row, tile);
                    break;
                case 8:
                    Tile<Eight, TStep, TVectors>(block, row, tile);
                    break;
                case 9:
                    Tile<Nine, TStep, TVectors>(block, row, tile);
                    break;
                case 10:
                    Tile<Ten, TStep, TVectors>(block, row, tile);
                    break;
                case 11:
                    Tile<Eleven, TStep, TVectors>(block, row, tile);
                    break;
                default:
                    Tile<Twelve, TStep, TVectors>(block, row, tile);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TRows, TStep, TVectors>(in TileBlock block, int row, int tile)
        where TRows : struct, IConstant
        where TStep : struct, IDepthStep
        where TVectors : struct, IConstant
    {
        float* a = block.A + (row * TStep.Row);
        float* b = block.B;
        nint bStride = block.BStride;
        float* nextA = block.NextA == 0 ? null : block.A + block.NextA + (row * PanelMatrix.Width);
        float* nextB = tile < TileBlock.AskingTiles ? block.NextB : null;
        nint nextBStride = block.NextBStride;
        if (nextB != null)
        {
            nextB += tile * block.NextBTile;
        }

        nint stride = block.CStride;
        float* c = block.C + (row * stride);
        Vector512<float> l0 = default, l1 = default, l2 = default, l3 = default, l4 = default, l5 = default;
        Vector512<float> l6 = default, l7 = default, l8 = default, l9 = default, l10 = default, l11 = default;
        Vector512<float> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        Vector512<float> r6 = default, r7 = default, r8 = default, r9 = default, r10 = default, r11 = default;
        Ask<TRows>(c + (TRows.Value * stride), stride);
        if (block.Accumulate)
        {
            l0 = Load<TRows>(0, c + (0 * stride));
            l1 = Load<TRows>(1, c + (1 * stride));
            l2 = Load<TRows>(2, c + (2 * stride));
            l3 = Load<TRows>(3, c + (3 * stride));
            l4 = Load<TRows>(4, c + (4 * stride));
            l5 = Load<TRows>(5, c + (5 * stride));
            l6 = Load<TRows>(6, c + (6 * stride));
            l7 = Load<TRows>(7, c + (7 * stride));
            l8 = Load<TRows>(8, c + (8 * stride));
            l9 = Load<TRows>(9, c + (9 * stride));
            l10 = Load<TRows>(10, c + (10 * stride));
            l11 = Load<TRows>(11, c + (11 * stride));
            r0 = Load<TRows, TVectors>(0, c + (0 * stride) + Lanes);
            r1 = Load<TRows, TVectors>(1, c + (1 * stride) + Lanes);
            r2 = Load<TRows, TVectors>(2, c + (2 * stride) + Lanes);
            r3 = Load<TRows, TVectors>(3, c + (3 * stride) + Lanes);
            r4 = Load<TRows, TVectors>(4, c + (4 * stride) + Lanes);
            r5 = Load<TRows, TVectors>(5, c + (5 * stride) + Lanes);
            r6 = Load<TRows, TVectors>(6, c + (6 * stride) + Lanes);
            r7 = Load<TRows, TVectors>(7, c + (7 * stride) + Lanes);
            r8 = Load<TRows, TVectors>(8, c + (8 * stride) + Lanes);
            r9 = Load<TRows, TVectors>(9, c + (9 * stride) + Lanes);
            r10 = Load<TRows, TVectors>(10, c + (10 * stride) + Lanes);
            r11 = Load<TRows, TVectors>(11, c + (11 * stride) + Lanes);
        }

        for (int depth = block.Depth; depth > 0; depth -= PanelMatrix.Width)
        {
            if (nextA != null)
            {
                Ask<TRows>(nextA, PanelMatrix.Width);
                nextA += block.AJump + (PanelMatrix.Width * TStep.Depth);
            }

            if (nextB != null)
            {
                AskFar(nextB, nextBStride);
                nextB += block.NextBStep;
            }

            int steps = Math.Min(depth, PanelMatrix.Width);
            do
            {
                Vector512<float> left = Vector512.Load(b);
                Vector512<float> right = TVectors.Value > 1 ? Vector512.Load(b + Lanes) : default;
                Vector512<float> x = Vector512.Create(*a);
                l0 = Fma<TRows>(0, x, left, l0);
                r0 = Fma<TRows, TVectors>(0, x, right, r0);
                x = Splat<TRows>(1, a + (1 * TStep.Row));
                l1 = Fma<TRows>(1, x, left, l1);
                r1 = Fma<TRows, TVectors>(1, x, right, r1);
                x = Splat<TRows>(2, a + (2 * TStep.Row));
                l2 = Fma<TRows>(2, x, left, l2);
                r2 = Fma<TRows, TVectors>(2, x, right, r2);
                x = Splat<TRows>(3, a + (3 * TStep.Row));
                l3 = Fma<TRows>(3, x, left, l3);
                r3 = Fma<TRows, TVectors>(3, x, right, r3);
                x = Splat<TRows>(4, a + (4 * TStep.Row));
                l4 = Fma<TRows>(4, x, left, l4);
                r4 = Fma<TRows, TVectors>(4, x, right, r4);
                x = Splat<TRows>(5, a + (5 * TStep.Row));
                l5 = Fma<TRows>(5, x, left, l5);
                r5 = Fma<TRows, TVectors>(5, x, right, r5);
                x = Splat<TRows>(6, a + (6 * TStep.Row));
                l6 = Fma<TRows>(6, x, left, l6);
                r6 = Fma<TRows, TVectors>(6, x, right, r6);
                x = Splat<TRows>(7, a + (7 * TStep.Row));
                l7 = Fma<TRows>(7, x, left, l7);
                r7 = Fma<TRows, TVectors>(7, x, right, r7);
                x = Splat<TRows>(8, a + (8 * TStep.Row));
                l8 = Fma<TRows>(8, x, left, l8);
                r8 = Fma<TRows, TVectors>(8, x, right, r8);
                x = Splat<TRows>(9, a + (9 * TStep.Row));
                l9 = Fma<TRows>(9, x, left, l9);
                r9 = Fma<TRows, TVectors>(9, x, right, r9);
                x = Splat<TRows>(10, a + (10 * TStep.Row));
                l10 = Fma<TRows>(10, x, left, l10);
                r10 = Fma<TRows, TVectors>(10, x, right, r10);
                x = Splat<TRows>(11, a + (11 * TStep.Row));
                l11 = Fma<TRows>(11, x, left, l11);
                r11 = Fma<TRows, TVectors>(11, x, right, r11);
                a += TStep.Depth;
                b += bStride;
            }
            while (--steps != 0);
            a += block.AJump;
        }

        if (block.Mask != null)
        {
            nint maskStride = block.MaskStride;
            float* mask = block.Mask + (row * maskStride);
            l0 = Masked<TRows>(0, l0, mask + (0 * maskStride));
            l1 = Masked<TRows>(1, l1, mask + (1 * maskStride));
            l2 = Masked<TRows>(2, l2, mask + (2 * maskStride));
            l3 = Masked<TRows>(3, l3, mask + (3 * maskStride));
            l4 = Masked<TRows>(4, l4, mask + (4 * maskStride));
            l5 = Masked<TRows>(5, l5, mask + (5 * maskStride));
            l6 = Masked<TRows>(6, l6, mask + (6 * maskStride));
            l7 = Masked<TRows>(7, l7, mask + (7 * maskStride));
            l8 = Masked<TRows>(8, l8, mask + (8 * maskStride));
            l9 = Masked<TRows>(9, l9, mask + (9 * maskStride));
            l10 = Masked<TRows>(10, l10, mask + (10 * maskStride));
            l11 = Masked<TRows>(11, l11, mask + (11 * maskStride));
            r0 = Masked<TRows, TVectors>(0, r0, mask + (0 * maskStride) + Lanes);
            r1 = Masked<TRows, TVectors>(1, r1, mask + (1 * maskStride) + Lanes);
            r2 = Masked<TRows, TVectors>(2, r2, mask + (2 * maskStride) + Lanes);
            r3 = Masked<TRows, TVectors>(3, r3, mask + (3 * maskStride) + Lanes);
            r4 = Masked<TRows, TVectors>(4, r4, mask + (4 * maskStride) + Lanes);
            r5 = Masked<TRows, TVectors>(5, r5, mask + (5 * maskStride) + Lanes);
            r6 = Masked<TRows, TVectors>(6, r6, mask + (6 * maskStride) + Lanes);
            r7 = Masked<TRows, TVectors>(7, r7, mask + (7 * maskStride) + Lanes);
            r8 = Masked<TRows, TVectors>(8, r8, mask + (8 * maskStride) + Lanes);
            r9 = Masked<TRows, TVectors>(9, r9, mask + (9 * maskStride) + Lanes);
            r10 = Masked<TRows, TVectors>(10, r10, mask + (10 * maskStride) + Lanes);
            r11 = Masked<TRows, TVectors>(11, r11, mask + (11 * maskStride) + Lanes);
        }

        Vector512<float> floor = block.Relu ? Vector512<float>.Zero : Vector512.Create(float.NegativeInfinity);
        Vector512<float> bias = block.Bias != null ? Vector512.Load(block.Bias) : Vector512.Create(-0f);
        Store<TRows>(0, l0, bias, floor, c + (0 * stride));
        Store<TRows>(1, l1, bias, floor, c + (1 * stride));
        Store<TRows>(2, l2, bias, floor, c + (2 * stride));
        Store<TRows>(3, l3, bias, floor, c + (3 * stride));
        Store<TRows>(4, l4, bias, floor, c + (4 * stride));
        Store<TRows>(5, l5, bias, floor, c + (5 * stride));
        Store<TRows>(6, l6, bias, floor, c + (6 * stride));
        Store<TRows>(7, l7, bias, floor, c + (7 * stride));
        Store<TRows>(8, l8, bias, floor, c + (8 * stride));
        Store<TRows>(9, l9, bias, floor, c + (9 * stride));
        Store<TRows>(10, l10, bias, floor, c + (10 * stride));
        Store<TRows>(11, l11, bias, floor, c + (11 * stride));
        if (TVectors.Value > 1)
        {
            bias = block.Bias != null ? Vector512.Load(block.Bias + Lanes) : Vector512.Create(-0f);
            Store<TRows>(0, r0, bias, floor, c + (0 * stride) + Lanes);
            Store<TRows>(1, r1, bias, floor, c + (1 * stride) + Lanes);
            Store<TRows>(2, r2, bias, floor, c + (2 * stride) + Lanes);
            Store<TRows>(3, r3, bias, floor, c + (3 * stride) + Lanes);
            Store<TRows>(4, r4, bias, floor, c + (4 * stride) + Lanes);
            Store<TRows>(5, r5, bias, floor, c + (5 * stride) + Lanes);
            Store<TRows>(6, r6, bias, floor, c + (6 * stride) + Lanes);
            Store<TRows>(7, r7, bias, floor, c + (7 * stride) + Lanes);
            Store<TRows>(8, r8, bias, floor, c + (8 * stride) + Lanes);
            Store<TRows>(9, r9, bias, floor, c + (9 * stride) + Lanes);
            Store<TRows>(10, r10, bias, floor, c + (10 * stride) + Lanes);
            Store<TRows>(11, r11, bias, floor, c + (11 * stride) + Lanes);
        }
    }

    /// <summary>Asks for 128 bytes of each row; beyond the end of a matrix it asks in vain, which does no harm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ask<TRows>(float* p, nint stride)
        where TRows : struct, IConstant
    {
        for (int row = 0; row < TRows.Value; row++)
        {
            Sse.Prefetch0(p);
            Sse.Prefetch0(p + Lanes);
            p += stride;
        }
    }

    /// <summary>Asks for 128 bytes of four rows, but leaves the first cache to what is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AskFar(float* p, nint stride)
    {
        for (int row = 0; row < 4; row++)
        {
            Sse.Prefetch1(p);
            Sse.Prefetch1(p + Lanes);
            p += stride;
        }
    }

    // Each helper does its work for rows (and vectors) that the tile has, and vanishes for the others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load<TRows>(int row, float* c)
        where TRows : struct, IConstant
        => TRows.Value > row ? Vector512.Load(c) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load<TRows, TVectors>(int row, float* c)
        where TRows : struct, IConstant
        where TVectors : struct, IConstant
        => TVectors.Value > 1 ? Load<TRows>(row, c) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Splat<TRows>(int row, float* a)
        where TRows : struct, IConstant
        => TRows.Value > row ? Vector512.Create(*a) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Fma<TRows>(int row, Vector512<float> a, Vector512<float> b, Vector512<float> sum)
        where TRows : struct, IConstant
        => TRows.Value > row ? Avx512F.FusedMultiplyAdd(a, b, sum) : sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Fma<TRows, TVectors>(
        int row, Vector512<float> a, Vector512<float> b, Vector512<float> sum)
        where TRows : struct, IConstant
        where TVectors : struct, IConstant
        => TVectors.Value > 1 ? Fma<TRows>(row, a, b, sum) : sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Masked<TRows>(int row, Vector512<float> sum, float* mask)
        where TRows : struct, IConstant
        => TRows.Value > row
            ? Vector512.ConditionalSelect(
                Avx512F.CompareGreaterThan(Vector512.Load(mask), Vector512<float>.Zero), sum, Vector512<float>.Zero)
            : sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Masked<TRows, TVectors>(int row, Vector512<float> sum, float* mask)
        where TRows : struct, IConstant
        where TVectors : struct, IConstant
        => TVectors.Value > 1 ? Masked<TRows>(row, sum, mask) : sum;

    /// <remarks>Max gives its second operand when either is NaN, so a NaN is not hidden by a rectifier.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TRows>(
        int row, Vector512<float> sum, Vector512<float> bias, Vector512<float> floor, float* c)
        where TRows : struct, IConstant
    {
        if (TRows.Value > row)
        {
            Avx512F.Max(floor, sum + bias).Store(c);
        }
    }
}
