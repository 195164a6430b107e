using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Joins two matrices of one shape element by element.</summary>
/// <remarks>
/// <code>output[b, d] = left[b, d] · right[b, d]   or   left[b, d] + right[b, d]   for b in [start, end)</code>
/// All (B, D) at any stride. Each element by itself, rounded once: the same bits at every vector width.
/// </remarks>
internal abstract class EmbeddingCombine
{
    private static readonly EmbeddingCombine[] Kernels =
    [
        new EmbeddingCombine<SimdScalar>(),
        new EmbeddingCombine<Simd128>(),
        new EmbeddingCombine<Simd256>(),
        new EmbeddingCombine<Simd512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static EmbeddingCombine For(InstructionSet set) => Kernels[(int)set];

    /// <summary>The products.</summary>
    /// <param name="left">(B, D).</param>
    /// <param name="right">(B, D).</param>
    /// <param name="output">(B, D), out; may be one of them.</param>
    /// <param name="start">First row.</param>
    /// <param name="end">One after the last.</param>
    public abstract void Multiply(MatrixView left, MatrixView right, MatrixView output, int start, int end);

    /// <summary>The sums.</summary>
    /// <param name="left">(B, D).</param>
    /// <param name="right">(B, D).</param>
    /// <param name="output">(B, D), out; may be one of them.</param>
    /// <param name="start">First row.</param>
    /// <param name="end">One after the last.</param>
    public abstract void Add(MatrixView left, MatrixView right, MatrixView output, int start, int end);
}

/// <summary><see cref="EmbeddingCombine"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class EmbeddingCombine<TSimd> : EmbeddingCombine
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Multiply(MatrixView left, MatrixView right, MatrixView output, int start, int end)
    {
        for (int row = start; row < end; row++)
        {
            float* a = left.Data + (row * left.Stride);
            float* b = right.Data + (row * right.Stride);
            float* y = output.Data + (row * output.Stride);
            int column = 0;
            for (; column + TSimd.Lanes <= output.Columns; column += TSimd.Lanes)
            {
                TSimd.Store(TSimd.Load(a + column) * TSimd.Load(b + column), y + column);
            }

            for (; column < output.Columns; column++)
            {
                y[column] = a[column] * b[column];
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Add(MatrixView left, MatrixView right, MatrixView output, int start, int end)
    {
        for (int row = start; row < end; row++)
        {
            float* a = left.Data + (row * left.Stride);
            float* b = right.Data + (row * right.Stride);
            float* y = output.Data + (row * output.Stride);
            int column = 0;
            for (; column + TSimd.Lanes <= output.Columns; column += TSimd.Lanes)
            {
                TSimd.Store(TSimd.Load(a + column) + TSimd.Load(b + column), y + column);
            }

            for (; column < output.Columns; column++)
            {
                y[column] = a[column] + b[column];
            }
        }
    }
}
