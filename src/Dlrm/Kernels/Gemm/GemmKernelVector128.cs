using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Dlrm.Kernels;

/// <summary>128-bit vectors: 12 rows × 8 columns in 24 accumulators of 4 lanes, two registers for B and one for A.</summary>
/// <remarks>
/// Made for the 32 registers of Arm64, in the cross-platform API, so x64 tests the same source. A panel of 32 columns is
/// computed as four parts of 8. Accumulators l are columns 0 … 3 of a part, r columns 4 … 7. Every height from 1 to 12
/// is the same source, specialised by a constant.
/// </remarks>
internal sealed unsafe class GemmKernelVector128 : GemmKernel
{
    private const int MostRows = 12;
    private const int Lanes = 4;

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
        for (int part = 0; part < PanelMatrix.Width; part += Lanes)
        {
            float* row = source + (part * stride);
            float* target = panel + part;
            for (int column = 0; column < columns; column++)
            {
                Vector128.Create(row[0], row[stride], row[2 * stride], row[3 * stride]).Store(target);
                row++;
                target += PanelMatrix.Width;
            }
        }
    }

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
                case 6:
                    Tile<Six, TStep>(block, row, column);
                    break;
                case 7:
                    Tile<Seven, TStep>(block, row, column);
                    break;
                case 8:
                    Tile<Eight, TStep>(block, row, column);
                    break;
                case 9:
                    Tile<Nine, TStep>(block, row, column);
                    break;
                case 10:
                    Tile<Ten, TStep>(block, row, column);
                    break;
                case 11:
                    Tile<Eleven, TStep>(block, row, column);
                    break;
                default:
                    Tile<Twelve, TStep>(block, row, column);
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
        Vector128<float> l0 = default, l1 = default, l2 = default, l3 = default, l4 = default, l5 = default;
        Vector128<float> l6 = default, l7 = default, l8 = default, l9 = default, l10 = default, l11 = default;
        Vector128<float> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        Vector128<float> r6 = default, r7 = default, r8 = default, r9 = default, r10 = default, r11 = default;
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
            r0 = Load<TRows>(0, c + (0 * stride) + Lanes);
            r1 = Load<TRows>(1, c + (1 * stride) + Lanes);
            r2 = Load<TRows>(2, c + (2 * stride) + Lanes);
            r3 = Load<TRows>(3, c + (3 * stride) + Lanes);
            r4 = Load<TRows>(4, c + (4 * stride) + Lanes);
            r5 = Load<TRows>(5, c + (5 * stride) + Lanes);
            r6 = Load<TRows>(6, c + (6 * stride) + Lanes);
            r7 = Load<TRows>(7, c + (7 * stride) + Lanes);
            r8 = Load<TRows>(8, c + (8 * stride) + Lanes);
            r9 = Load<TRows>(9, c + (9 * stride) + Lanes);
            r10 = Load<TRows>(10, c + (10 * stride) + Lanes);
            r11 = Load<TRows>(11, c + (11 * stride) + Lanes);
        }

        for (int depth = block.Depth; depth > 0; depth -= PanelMatrix.Width)
        {
            int steps = Math.Min(depth, PanelMatrix.Width);
            do
            {
                Vector128<float> left = Vector128.Load(b), right = Vector128.Load(b + Lanes);
                Vector128<float> x = Vector128.Create(*a);
                l0 = Fma<TRows>(0, x, left, l0);
                r0 = Fma<TRows>(0, x, right, r0);
                x = Splat<TRows>(1, a + (1 * TStep.Row));
                l1 = Fma<TRows>(1, x, left, l1);
                r1 = Fma<TRows>(1, x, right, r1);
                x = Splat<TRows>(2, a + (2 * TStep.Row));
                l2 = Fma<TRows>(2, x, left, l2);
                r2 = Fma<TRows>(2, x, right, r2);
                x = Splat<TRows>(3, a + (3 * TStep.Row));
                l3 = Fma<TRows>(3, x, left, l3);
                r3 = Fma<TRows>(3, x, right, r3);
                x = Splat<TRows>(4, a + (4 * TStep.Row));
                l4 = Fma<TRows>(4, x, left, l4);
                r4 = Fma<TRows>(4, x, right, r4);
                x = Splat<TRows>(5, a + (5 * TStep.Row));
                l5 = Fma<TRows>(5, x, left, l5);
                r5 = Fma<TRows>(5, x, right, r5);
                x = Splat<TRows>(6, a + (6 * TStep.Row));
                l6 = Fma<TRows>(6, x, left, l6);
                r6 = Fma<TRows>(6, x, right, r6);
                x = Splat<TRows>(7, a + (7 * TStep.Row));
                l7 = Fma<TRows>(7, x, left, l7);
                r7 = Fma<TRows>(7, x, right, r7);
                x = Splat<TRows>(8, a + (8 * TStep.Row));
                l8 = Fma<TRows>(8, x, left, l8);
                r8 = Fma<TRows>(8, x, right, r8);
                x = Splat<TRows>(9, a + (9 * TStep.Row));
                l9 = Fma<TRows>(9, x, left, l9);
                r9 = Fma<TRows>(9, x, right, r9);
                x = Splat<TRows>(10, a + (10 * TStep.Row));
                l10 = Fma<TRows>(10, x, left, l10);
                r10 = Fma<TRows>(10, x, right, r10);
                x = Splat<TRows>(11, a + (11 * TStep.Row));
                l11 = Fma<TRows>(11, x, left, l11);
                r11 = Fma<TRows>(11, x, right, r11);
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
            l6 = Masked<TRows>(6, l6, mask + (6 * maskStride));
            l7 = Masked<TRows>(7, l7, mask + (7 * maskStride));
            l8 = Masked<TRows>(8, l8, mask + (8 * maskStride));
            l9 = Masked<TRows>(9, l9, mask + (9 * maskStride));
            l10 = Masked<TRows>(10, l10, mask + (10 * maskStride));
            l11 = Masked<TRows>(11, l11, mask + (11 * maskStride));
            r0 = Masked<TRows>(0, r0, mask + (0 * maskStride) + Lanes);
            r1 = Masked<TRows>(1, r1, mask + (1 * maskStride) + Lanes);
            r2 = Masked<TRows>(2, r2, mask + (2 * maskStride) + Lanes);
            r3 = Masked<TRows>(3, r3, mask + (3 * maskStride) + Lanes);
            r4 = Masked<TRows>(4, r4, mask + (4 * maskStride) + Lanes);
            r5 = Masked<TRows>(5, r5, mask + (5 * maskStride) + Lanes);
            r6 = Masked<TRows>(6, r6, mask + (6 * maskStride) + Lanes);
            r7 = Masked<TRows>(7, r7, mask + (7 * maskStride) + Lanes);
            r8 = Masked<TRows>(8, r8, mask + (8 * maskStride) + Lanes);
            r9 = Masked<TRows>(9, r9, mask + (9 * maskStride) + Lanes);
            r10 = Masked<TRows>(10, r10, mask + (10 * maskStride) + Lanes);
            r11 = Masked<TRows>(11, r11, mask + (11 * maskStride) + Lanes);
        }

        Vector128<float> floor = block.Relu ? Vector128<float>.Zero : Vector128.Create(float.NegativeInfinity);
        Vector128<float> none = Vector128.Create(-0f);
        Vector128<float> bias = block.Bias != null ? Vector128.Load(block.Bias + column) : none;
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
        bias = block.Bias != null ? Vector128.Load(block.Bias + column + Lanes) : none;
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

    // Each helper does its work for rows that the tile has, and vanishes for the others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Load<TRows>(int row, float* c)
        where TRows : struct, IConstant
        => TRows.Value > row ? Vector128.Load(c) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Splat<TRows>(int row, float* a)
        where TRows : struct, IConstant
        => TRows.Value > row ? Vector128.Create(*a) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Fma<TRows>(int row, Vector128<float> a, Vector128<float> b, Vector128<float> sum)
        where TRows : struct, IConstant
        => TRows.Value > row ? Vector128.FusedMultiplyAdd(a, b, sum) : sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Masked<TRows>(int row, Vector128<float> sum, float* mask)
        where TRows : struct, IConstant
        => TRows.Value > row
            ? sum & Vector128.GreaterThan(Vector128.Load(mask), Vector128<float>.Zero)
            : sum;

    /// <remarks>A comparison instead of a maximum: NaN stays NaN on every processor.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TRows>(
        int row, Vector128<float> sum, Vector128<float> bias, Vector128<float> floor, float* c)
        where TRows : struct, IConstant
    {
        if (TRows.Value > row)
        {
            sum += bias;
            Vector128.ConditionalSelect(Vector128.GreaterThan(floor, sum), floor, sum).Store(c);
        }
    }
}
