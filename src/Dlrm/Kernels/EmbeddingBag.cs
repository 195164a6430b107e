using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Gathers rows of a table and sums them bag by bag: PyTorch's EmbeddingBag with mode <c>sum</c>.</summary>
/// <remarks>
/// <code>output[b, d] = Σ table[indices[i], d]   for i in [offsets[b], offsets[b + 1])</code>
/// table (E, D), offsets (B + 1), indices (L), output (B, D) at any stride, not overlapping the table. A sum starts
/// with the bag's first row and adds the others one by one in lookup order, each column by itself, so the bits are the
/// same at every vector width; an empty bag gives +0. Rows are asked for from memory some lookups ahead.
/// </remarks>
internal abstract class EmbeddingBag
{
    private static readonly EmbeddingBag[] Kernels =
    [
        new EmbeddingBag<SimdScalar>(), new EmbeddingBag<Simd128>(), new EmbeddingBag<Simd256>(), new EmbeddingBag<Simd512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static EmbeddingBag For(InstructionSet set) => Kernels[(int)set];

    /// <summary>The same for tables kept in fewer bits, with the same registers.</summary>
    public abstract PackedEmbeddingBag Packed { get; }

    /// <summary>Pools the bags of samples [start, end).</summary>
    /// <param name="table">(E, D).</param>
    /// <param name="offsets">(B + 1), ascending from 0.</param>
    /// <param name="indices">(L), all in [0, E): not checked.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="output">(B or more, D), out; its columns are the table's.</param>
    public abstract void Pool(
        NativeBuffer<float> table, ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, int start, int end, MatrixView output);
}

/// <summary><see cref="EmbeddingBag"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class EmbeddingBag<TSimd> : EmbeddingBag
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <inheritdoc/>
    public override PackedEmbeddingBag Packed { get; } = new PackedEmbeddingBag<TSimd>();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pool(
        NativeBuffer<float> table, ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, int start, int end, MatrixView output)
    {
        int dimension = output.Columns;
        fixed (int* offset = offsets)
        fixed (int* index = indices)
        {
            // After the last lookup of this range the last one is asked for again and again: a hit, nearly free.
            var bags = new EmbeddingBagSums
            {
                Table = table.Data,
                Dimension = dimension,
                Offsets = offset,
                Indices = index,
                Last = index + Math.Max(0, offsets[end] - 1),
                Ahead = Prefetch.Distance((long)dimension * sizeof(float)),
                Output = output.Data,
                OutputStride = output.Stride,
            };
            if (dimension % TSimd.Lanes == 0 && offsets[start] < offsets[end])
            {
                switch (dimension / TSimd.Lanes)
                {
                    case 1:
                        Pool1(bags, start, end);
                        return;
                    case 2:
                        Pool2(bags, start, end);
                        return;
                    case 4:
                        Pool4(bags, start, end);
                        return;
                    case 8:
                        Pool8(bags, start, end);
                        return;
                }
            }

            PoolAny(bags, start, end);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pool1(in EmbeddingBagSums bags, int start, int end)
    {
        EmbeddingBagSums local = bags;
        for (int sample = start; sample < end; sample++)
        {
            local.Sum1<TSimd>(sample, 0, TSimd.Lanes * sizeof(float));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pool2(in EmbeddingBagSums bags, int start, int end)
    {
        EmbeddingBagSums local = bags;
        for (int sample = start; sample < end; sample++)
        {
            local.Sum2<TSimd>(sample, 0, 2 * TSimd.Lanes * sizeof(float));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pool4(in EmbeddingBagSums bags, int start, int end)
    {
        EmbeddingBagSums local = bags;
        for (int sample = start; sample < end; sample++)
        {
            local.Sum4<TSimd>(sample, 0, 4 * TSimd.Lanes * sizeof(float));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pool8(in EmbeddingBagSums bags, int start, int end)
    {
        EmbeddingBagSums local = bags;
        for (int sample = start; sample < end; sample++)
        {
            local.Sum8<TSimd>(sample, 0, 8 * TSimd.Lanes * sizeof(float));
        }
    }

    /// <summary>Any D: the bag is walked once for each block of columns, and only the first walk asks ahead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PoolAny(in EmbeddingBagSums bags, int start, int end)
    {
        int dimension = bags.Dimension;
        int bytes = Prefetch.RowBytes(dimension);
        for (int sample = start; sample < end; sample++)
        {
            int column = 0;
            for (; column + (8 * TSimd.Lanes) <= dimension; column += 8 * TSimd.Lanes)
            {
                bags.Sum8<TSimd>(sample, column, column == 0 ? bytes : 0);
            }

            if (column + (4 * TSimd.Lanes) <= dimension)
            {
                bags.Sum4<TSimd>(sample, column, column == 0 ? bytes : 0);
                column += 4 * TSimd.Lanes;
            }

            for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
            {
                bags.Sum1<TSimd>(sample, column, column == 0 ? bytes : 0);
            }

            for (; TSimd.Lanes > 4 && column + 4 <= dimension; column += 4)
            {
                bags.Sum1<Simd128>(sample, column, column == 0 ? bytes : 0);
            }

            for (; column < dimension; column++)
            {
                bags.Sum1<SimdScalar>(sample, column, column == 0 ? bytes : 0);
            }
        }
    }
}
