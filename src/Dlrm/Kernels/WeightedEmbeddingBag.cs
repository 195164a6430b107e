using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Gathers rows of a table, each times a weight that is looked up too, and sums them bag by bag.</summary>
/// <remarks>
/// <code>output[b, d] = Σ weights[weightIndices[i]] · table[indices[i], d]   for i in [offsets[b], offsets[b + 1])</code>
/// table (E, D), weights (N), offsets (B + 1), indices and weightIndices (L), output (B, D) at any stride, overlapping nothing. acc =
/// fma(weight, row, acc) from 0 in lookup order, each column by itself: the same bits at every vector width. Rows and
/// weights are asked for from memory some lookups ahead.
/// </remarks>
internal abstract class WeightedEmbeddingBag
{
    private static readonly WeightedEmbeddingBag[] Kernels =
    [
        new WeightedEmbeddingBag<SimdScalar>(),
        new WeightedEmbeddingBag<Simd128>(),
        new WeightedEmbeddingBag<Simd256>(),
        new WeightedEmbeddingBag<Simd512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static WeightedEmbeddingBag For(InstructionSet set) => Kernels[(int)set];

    /// <summary>The same for tables kept in fewer bits, with the same registers.</summary>
    public abstract PackedEmbeddingBag Packed { get; }

    /// <summary>Pools the bags of samples [start, end).</summary>
    /// <param name="table">(E, D).</param>
    /// <param name="weights">(N).</param>
    /// <param name="offsets">(B + 1), ascending from 0.</param>
    /// <param name="indices">(L), all in [0, E): not checked.</param>
    /// <param name="weightIndices">(L), all in [0, N): not checked; may be the same.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="output">(B or more, D), out; its columns are the table's.</param>
    public abstract void Pool(
        NativeBuffer<float> table,
        NativeBuffer<float> weights,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        ReadOnlySpan<int> weightIndices,
        int start,
        int end,
        MatrixView output);
}

/// <summary><see cref="WeightedEmbeddingBag"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class WeightedEmbeddingBag<TSimd> : WeightedEmbeddingBag
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <inheritdoc/>
    public override PackedEmbeddingBag Packed { get; } = new PackedEmbeddingBag<TSimd>();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pool(
        NativeBuffer<float> table,
        NativeBuffer<float> weights,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        ReadOnlySpan<int> weightIndices,
        int start,
        int end,
        MatrixView output)
    {
        int dimension = output.Columns;
        int bytes = Prefetch.RowBytes(dimension);
        int distance = Prefetch.Distance((long)dimension * sizeof(float));
        float* rows = table.Data;
        float* factors = weights.Data;
        fixed (int* index = indices)
        fixed (int* weight = weightIndices)
        {
            int last = offsets[end] - 1;
            for (int sample = start; sample < end; sample++)
            {
                int from = offsets[sample];
                int to = offsets[sample + 1];
                for (int lookup = from; lookup < to; lookup++)
                {
                    int ahead = Math.Min(lookup + distance, last);
                    Prefetch.Row(rows + ((long)index[ahead] * dimension), bytes);
                    Prefetch.Row(factors + weight[ahead], sizeof(float));
                }

                float* target = output.Data + (sample * output.Stride);
                int column = 0;
                for (; column + (4 * TSimd.Lanes) <= dimension; column += 4 * TSimd.Lanes)
                {
                    Sum4(rows + column, factors, weight, index, from, to, dimension, target + column);
                }

                for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
                {
                    Sum<TSimd>(rows + column, factors, weight, index, from, to, dimension, target + column);
                }

                for (; column < dimension; column++)
                {
                    Sum<SimdScalar>(rows + column, factors, weight, index, from, to, dimension, target + column);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum4(float* rows, float* factors, int* weight, int* index, int from, int to, int dimension, float* target)
    {
        TSimd sum0 = TSimd.Zero;
        TSimd sum1 = TSimd.Zero;
        TSimd sum2 = TSimd.Zero;
        TSimd sum3 = TSimd.Zero;
        for (int lookup = from; lookup < to; lookup++)
        {
            TSimd factor = TSimd.Broadcast(factors[weight[lookup]]);
            float* row = rows + ((long)index[lookup] * dimension);
            sum0 = TSimd.Fma(factor, TSimd.Load(row), sum0);
            sum1 = TSimd.Fma(factor, TSimd.Load(row + TSimd.Lanes), sum1);
            sum2 = TSimd.Fma(factor, TSimd.Load(row + (2 * TSimd.Lanes)), sum2);
            sum3 = TSimd.Fma(factor, TSimd.Load(row + (3 * TSimd.Lanes)), sum3);
        }

        TSimd.Store(sum0, target);
        TSimd.Store(sum1, target + TSimd.Lanes);
        TSimd.Store(sum2, target + (2 * TSimd.Lanes));
        TSimd.Store(sum3, target + (3 * TSimd.Lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum<TColumns>(float* rows, float* factors, int* weight, int* index, int from, int to, int dimension, float* target)
        where TColumns : unmanaged, ISimd<TColumns>
    {
        TColumns sum = TColumns.Zero;
        for (int lookup = from; lookup < to; lookup++)
        {
            TColumns factor = TColumns.Broadcast(factors[weight[lookup]]);
            sum = TColumns.Fma(factor, TColumns.Load(rows + ((long)index[lookup] * dimension)), sum);
        }

        TColumns.Store(sum, target);
    }
}
