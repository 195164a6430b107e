using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Layers;

/// <summary>Pools a table however its rows are kept.</summary>
internal static class StoredRows
{
    /// <summary>Pools the bags of samples [start, end): sums of rows as they are.</summary>
    /// <param name="kernel">For rows of floats; its counterpart for others.</param>
    /// <param name="table">(E, D).</param>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="indices">(L), in range.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="output">(B or more, D), out.</param>
    public static void Pool(
        this EmbeddingBag kernel,
        Parameter table,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        int start,
        int end,
        MatrixView output)
    {
        if (table.Storage == StorageFormat.Float32)
        {
            kernel.Pool(table.Value, offsets, indices, start, end, output);
        }
        else
        {
            kernel.Packed.Pool(table.Packed, table.Storage, weights: null, [], offsets, indices, start, end, output);
        }
    }

    /// <summary>Pools the bags of samples [start, end), each row times its index's weight.</summary>
    /// <param name="kernel">For rows of floats; its counterpart for others.</param>
    /// <param name="table">(E, D).</param>
    /// <param name="weights">(N).</param>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="indices">(L), in range.</param>
    /// <param name="weightIndices">(L): the weight of each lookup, in range; may be the same.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="output">(B or more, D), out.</param>
    public static void Pool(
        this WeightedEmbeddingBag kernel,
        Parameter table,
        Parameter weights,
        ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> indices,
        ReadOnlySpan<int> weightIndices,
        int start,
        int end,
        MatrixView output)
    {
        if (table.Storage == StorageFormat.Float32)
        {
            kernel.Pool(table.Value, weights.Value, offsets, indices, weightIndices, start, end, output);
        }
        else
        {
            kernel.Packed.Pool(
                table.Packed, table.Storage, weights.Value, weightIndices, offsets, indices, start, end, output);
        }
    }
}
