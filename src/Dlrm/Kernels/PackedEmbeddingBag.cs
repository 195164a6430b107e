using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Gathers rows of a table that is kept in fewer bits, and sums them bag by bag.</summary>
/// <remarks>
/// <code>output[b, d] = Σ weight · table[indices[i], d]   for i in [offsets[b], offsets[b + 1])</code>
/// table (E, D) in any <see cref="StorageFormat"/> but the first and the last, offsets (B + 1), indices (L), output (B, D)
/// at any stride; weight is 1, or weights[weightIndices[i]]. acc starts at 0, lookups in order, each column by itself:
/// <code>8, 4 bit:    acc = fma(weight · scale, q, acc + weight · bias)
/// fp16, bf16:  acc = fma(weight, element, acc)</code>
/// so the bits are the same at every vector width. Rows are asked for from memory some lookups ahead.
/// </remarks>
internal abstract class PackedEmbeddingBag
{
    private static readonly PackedEmbeddingBag[] Kernels =
    [
        new PackedEmbeddingBag<SimdScalar>(),
        new PackedEmbeddingBag<Simd128>(),
        new PackedEmbeddingBag<Simd256>(),
        new PackedEmbeddingBag<Simd512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static PackedEmbeddingBag For(InstructionSet set) => Kernels[(int)set];

    /// <summary>Pools the bags of samples [start, end).</summary>
    /// <param name="table">(E, bytes of a row).</param>
    /// <param name="format">What the bytes mean.</param>
    /// <param name="weights">The weights that lookups name; null for sums of rows as they are.</param>
    /// <param name="weightIndices">(L): the weight of each lookup; empty without weights.</param>
    /// <param name="offsets">(B + 1), ascending from 0.</param>
    /// <param name="indices">(L), all in [0, E): not checked.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="output">(B or more, D), out; its columns are the table's.</param>
    public abstract void Pool(
        NativeBuffer<byte> table,
        StorageFormat format,
        NativeBuffer<float>? weights,
        ReadOnlySpan<int> weightIndices,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        int start,
        int end,
        MatrixView output);
}

/// <summary><see cref="PackedEmbeddingBag"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class PackedEmbeddingBag<TSimd> : PackedEmbeddingBag
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <inheritdoc/>
    public override void Pool(
        NativeBuffer<byte> table,
        StorageFormat format,
        NativeBuffer<float>? weights,
        ReadOnlySpan<int> weightIndices,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        int start,
        int end,
        MatrixView output)
    {
        int rowBytes = checked((int)format.RowBytes(output.Columns));
        fixed (int* offset = offsets)
        fixed (int* index = indices)
        fixed (int* weightIndex = weightIndices)
        {
            var bags = new PackedBagSums
            {
                Table = table.Data,
                Dimension = output.Columns,
                RowBytes = rowBytes,
                Weights = weights is null ? null : weights.Data,
                WeightIndices = weightIndex,
                Offsets = offset,
                Indices = index,
                End = offsets[end],
                Ahead = Prefetch.Distance(rowBytes),
                Next = offsets[start],
                Output = output.Data,
                OutputStride = output.Stride,
            };
            switch (format)
            {
                case StorageFormat.Rowwise8:
                    Pool<Rowwise8Rows>(bags, start, end);
                    break;
                case StorageFormat.Rowwise4:
                    Pool<Rowwise4Rows>(bags, start, end);
                    break;
                case StorageFormat.Float16:
                    Pool<HalfRows<Float16Format>>(bags, start, end);
                    break;
                case StorageFormat.BFloat16:
                    Pool<HalfRows<BFloat16Format>>(bags, start, end);
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of packed rows.");
            }
        }
    }

    /// <summary>A bag is walked once for each block of columns; whichever comes first asks ahead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pool<TRow>(in PackedBagSums bags, int start, int end)
        where TRow : struct, IRowFormat
    {
        PackedBagSums local = bags;
        int dimension = local.Dimension;
        for (int sample = start; sample < end; sample++)
        {
            int column = 0;
            for (; column + (8 * TSimd.Lanes) <= dimension; column += 8 * TSimd.Lanes)
            {
                local.Sum8<TSimd, TRow>(sample, column);
            }

            if (column + (4 * TSimd.Lanes) <= dimension)
            {
                local.Sum4<TSimd, TRow>(sample, column);
                column += 4 * TSimd.Lanes;
            }

            for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
            {
                local.Sum1<TSimd, TRow>(sample, column);
            }

            for (; TSimd.Lanes > 4 && column + 4 <= dimension; column += 4)
            {
                local.Sum1<Simd128, TRow>(sample, column);
            }

            for (; column < dimension; column++)
            {
                local.Sum1<SimdScalar, TRow>(sample, column);
            }
        }
    }
}
