using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>Scalar: one row × four columns, for processors without vectors and as the plainest form of the order.</summary>
internal sealed unsafe class GemmKernelPortable : GemmKernel
{
    private const int Columns = 4;

    /// <inheritdoc/>
    public override void Block(in TileBlock block)
    {
        for (int column = 0; column < block.Columns; column += Columns)
        {
            for (int row = 0; row < block.Rows; row++)
            {
                Tile(block, row, column);
            }
        }
    }

    /// <inheritdoc/>
    protected override void Transpose(float* source, nint stride, int columns, float* panel) =>
        TransposeScalar(source, stride, PanelMatrix.Width, columns, panel);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(in TileBlock block, int row, int column)
    {
        int step = block.Transposed ? PanelMatrix.Width : 1;
        float* a = block.A + (row * (block.Transposed ? 1 : PanelMatrix.Width));
        float* b = block.B + column;
        float* c = block.C + (row * block.CStride) + column;
        (float s0, float s1, float s2, float s3) = block.Accumulate ? (c[0], c[1], c[2], c[3]) : default;
        for (int depth = block.Depth; depth > 0; depth -= PanelMatrix.Width)
        {
            for (int k = Math.Min(depth, PanelMatrix.Width); k > 0; k--)
            {
                s0 = MathF.FusedMultiplyAdd(*a, b[0], s0);
                s1 = MathF.FusedMultiplyAdd(*a, b[1], s1);
                s2 = MathF.FusedMultiplyAdd(*a, b[2], s2);
                s3 = MathF.FusedMultiplyAdd(*a, b[3], s3);
                a += step;
                b += block.BStride;
            }

            a += block.AJump;
        }

        float* bias = block.Bias == null ? null : block.Bias + column;
        float* mask = block.Mask == null ? null : block.Mask + (row * block.MaskStride) + column;
        c[0] = Finish(s0, 0, bias, mask, block.Relu);
        c[1] = Finish(s1, 1, bias, mask, block.Relu);
        c[2] = Finish(s2, 2, bias, mask, block.Relu);
        c[3] = Finish(s3, 3, bias, mask, block.Relu);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Finish(float sum, int column, float* bias, float* mask, bool relu)
    {
        if (mask != null && !(mask[column] > 0))
        {
            sum = 0;
        }

        if (bias != null)
        {
            sum += bias[column];
        }

        return relu && sum < 0 ? 0 : sum;
    }
}
