using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// The gradients of a weighted bag lookup by lookup, for tables in which one row has lookups of different weights.
/// </summary>
/// <remarks>
/// Of pooled[b] = Σ weights[weightIndices[i]] · table[indices[i]], for the lookups i of bags b in [start, end):
/// <code>
/// output[i, d] = weights[weightIndices[i]] · gradient[b, d]
/// slopes[i]    = (slopes[i] or 0) + table[indices[i]] · gradient[b]      (<see cref="LaneDot"/>)
/// </code>
/// table (E, D), weights (N), gradient (B, D) at any stride, output (L, D), slopes (L), overlapping nothing.
/// </remarks>
internal abstract class LookupGradientKernel
{
    private static readonly LookupGradientKernel[] Kernels =
    [
        new LookupGradientKernel<SimdScalar>(),
        new LookupGradientKernel<Simd128>(),
        new LookupGradientKernel<Simd256>(),
        new LookupGradientKernel<Simd512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static LookupGradientKernel For(InstructionSet set) => Kernels[(int)set];

    /// <summary>Computes them.</summary>
    /// <param name="table">(E, D).</param>
    /// <param name="weights">(N).</param>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="indices">(L), all in [0, E): not checked.</param>
    /// <param name="weightIndices">(L), all in [0, N): not checked.</param>
    /// <param name="gradient">(B, D).</param>
    /// <param name="output">(L, D), out.</param>
    /// <param name="slopes">(L), in and out.</param>
    /// <param name="add">False to overwrite the slopes.</param>
    /// <param name="start">First bag.</param>
    /// <param name="end">One after the last.</param>
    public abstract void Compute(
        NativeBuffer<float> table,
        NativeBuffer<float> weights,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        ReadOnlySpan<int> weightIndices,
        MatrixView gradient,
        MatrixView output,
        Span<float> slopes,
        bool add,
        int start,
        int end);

    /// <summary>Computes them for a table of 16-bit floats, each row widened first.</summary>
    /// <param name="table">(E, D).</param>
    /// <param name="format">Half precision or the upper half of a single.</param>
    /// <param name="weights">(N).</param>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="indices">(L), all in [0, E): not checked.</param>
    /// <param name="weightIndices">(L), all in [0, N): not checked.</param>
    /// <param name="gradient">(B, D).</param>
    /// <param name="output">(L, D), out.</param>
    /// <param name="slopes">(L), in and out.</param>
    /// <param name="add">False to overwrite the slopes.</param>
    /// <param name="start">First bag.</param>
    /// <param name="end">One after the last.</param>
    /// <exception cref="InvalidOperationException">Another format: it cannot be trained.</exception>
    public abstract void Compute(
        NativeBuffer<byte> table,
        StorageFormat format,
        NativeBuffer<float> weights,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        ReadOnlySpan<int> weightIndices,
        MatrixView gradient,
        MatrixView output,
        Span<float> slopes,
        bool add,
        int start,
        int end);
}

/// <summary><see cref="LookupGradientKernel"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class LookupGradientKernel<TSimd> : LookupGradientKernel
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <inheritdoc/>
    public override void Compute(
        NativeBuffer<float> table,
        NativeBuffer<float> weights,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        ReadOnlySpan<int> weightIndices,
        MatrixView gradient,
        MatrixView output,
        Span<float> slopes,
        bool add,
        int start,
        int end)
        => Compute(new SingleRows(table.Data), weights, offsets, indices, weightIndices, gradient, output, slopes, add, start, end);

    /// <inheritdoc/>
    public override void Compute(
        NativeBuffer<byte> table,
        StorageFormat format,
        NativeBuffer<float> weights,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        ReadOnlySpan<int> weightIndices,
        MatrixView gradient,
        MatrixView output,
        Span<float> slopes,
        bool add,
        int start,
        int end)
    {
        // In place of the row, its floats are in the output's row until that is written: no memory of its own is needed.
        var words = (ushort*)table.Data;
        switch (format)
        {
            case StorageFormat.Float16:
                Compute(new WidenedRows<Float16Format>(words), weights, offsets, indices, weightIndices, gradient, output, slopes, add, start, end);
                break;
            case StorageFormat.BFloat16:
                Compute(new WidenedRows<BFloat16Format>(words), weights, offsets, indices, weightIndices, gradient, output, slopes, add, start, end);
                break;
            default:
                throw new InvalidOperationException($"A table kept as {format} cannot be trained.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compute<TRows>(
        TRows rows,
        NativeBuffer<float> weights,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        ReadOnlySpan<int> weightIndices,
        MatrixView gradient,
        MatrixView output,
        Span<float> slopes,
        bool add,
        int start,
        int end)
        where TRows : struct, IGradientRows
    {
        int dimension = gradient.Columns;
        for (int bag = start; bag < end; bag++)
        {
            float* source = gradient.Data + (bag * gradient.Stride);
            for (int lookup = offsets[bag]; lookup < offsets[bag + 1]; lookup++)
            {
                float* target = output.Data + (lookup * output.Stride);
                float* row = rows.Row(indices[lookup], dimension, target);
                float slope = LaneDot.Of<TSimd>(row, source, dimension);
                slopes[lookup] = add ? slopes[lookup] + slope : slope;
                float weight = weights.Data[weightIndices[lookup]];
                TSimd factors = TSimd.Broadcast(weight);
                int column = 0;
                for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
                {
                    TSimd.Store(factors * TSimd.Load(source + column), target + column);
                }

                for (; column < dimension; column++)
                {
                    target[column] = weight * source[column];
                }
            }
        }
    }

    /// <summary>Where a row's floats are.</summary>
    private interface IGradientRows
    {
        /// <summary>A row's floats: where they are, or in <paramref name="room"/>.</summary>
        float* Row(int row, int dimension, float* room);
    }

    private readonly struct SingleRows(float* table) : IGradientRows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public float* Row(int row, int dimension, float* room) => table + ((long)row * dimension);
    }

    private readonly struct WidenedRows<TFormat>(ushort* table) : IGradientRows
        where TFormat : struct, IHalfFormat
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public float* Row(int row, int dimension, float* room)
        {
            ushort* words = table + ((long)row * dimension);
            int column = 0;
            for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
            {
                TSimd.Store(TFormat.Decode(WideningLoads.Words<TSimd>(words + column)), room + column);
            }

            for (; column < dimension; column++)
            {
                SimdScalar.Store(TFormat.Decode(WideningLoads.Words<SimdScalar>(words + column)), room + column);
            }

            return room;
        }
    }
}
