using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Multiplies each row of a matrix by a number of its own.</summary>
/// <remarks>
/// <code>matrix[b, d] = scales[b] · matrix[b, d]   for b in [start, end)</code>
/// matrix (B, D) at any stride. Each element by itself, rounded once: the same bits at every vector width.
/// </remarks>
internal abstract class RowScale
{
    private static readonly RowScale[] Kernels =
    [
        new RowScale<SimdScalar>(), new RowScale<Simd128>(), new RowScale<Simd256>(), new RowScale<Simd512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static RowScale For(InstructionSet set) => Kernels[(int)set];

    /// <summary>Scales rows [start, end) in place; rows whose scale is 1 are left alone.</summary>
    /// <param name="scales">(B or more).</param>
    /// <param name="matrix">(B, D), in and out.</param>
    /// <param name="start">First row.</param>
    /// <param name="end">One after the last.</param>
    public abstract void Scale(ReadOnlySpan<float> scales, MatrixView matrix, int start, int end);
}

/// <summary><see cref="RowScale"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class RowScale<TSimd> : RowScale
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Scale(ReadOnlySpan<float> scales, MatrixView matrix, int start, int end)
    {
        for (int row = start; row < end; row++)
        {
            float scale = scales[row];
            if (scale == 1)
            {
                continue;
            }

            TSimd factors = TSimd.Broadcast(scale);
            float* values = matrix.Data + (row * matrix.Stride);
            int column = 0;
            for (; column + TSimd.Lanes <= matrix.Columns; column += TSimd.Lanes)
            {
                TSimd.Store(factors * TSimd.Load(values + column), values + column);
            }

            for (; column < matrix.Columns; column++)
            {
                values[column] = scale * values[column];
            }
        }
    }
}
