using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Optimizers;

namespace Dlrm.Layers;

/// <summary>The embeddings of one categorical feature: a bag of row numbers in, one pooled vector out.</summary>
/// <remarks>
/// Letters: E rows, D embedding_dim, B samples, L lookups. <see cref="EmbeddingTables"/> owns the tables and decides
/// which worker does which part; a table computes the part it is given, on the calling thread. To add a kind of table:
/// a class beside <see cref="FullEmbeddingTable"/>.
/// </remarks>
public abstract class EmbeddingTable : IDisposable
{
    /// <summary>Fixes the shape.</summary>
    /// <param name="number">Which categorical feature, from 0.</param>
    /// <param name="rows">E, 1 or more: indices lie in [0, E).</param>
    /// <param name="dimension">D, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small.</exception>
    protected EmbeddingTable(int number, int rows, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        Number = number;
        Rows = rows;
        Dimension = dimension;
    }

    /// <summary>Which categorical feature, from 0.</summary>
    public int Number { get; }

    /// <summary>E.</summary>
    public int Rows { get; }

    /// <summary>D: length of the pooled vector.</summary>
    public int Dimension { get; }

    /// <summary>What is trained, under state_dict names.</summary>
    public abstract IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Pools the bags of samples [start, end).</summary>
    /// <param name="kernel">What to compute with.</param>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="indices">(L), known to be in range.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="pooled">(B, D), out.</param>
    internal abstract void Pool(
        EmbeddingBag kernel, ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, int start, int end, MatrixView pooled);

    /// <summary>Updates the rows of a run of sorted lookups.</summary>
    /// <param name="lookups">All the lookups of each row that they name.</param>
    /// <param name="pooledGradient">(B, D).</param>
    /// <param name="optimizer">Does the step; this table's first parameter is its table number <see cref="Number"/>.</param>
    /// <param name="learningRate">Step size.</param>
    /// <param name="scratch">Working memory: D floats from <paramref name="first"/> on.</param>
    /// <param name="first">The first float of it.</param>
    internal abstract void Update(
        in SortedLookups lookups,
        MatrixView pooledGradient,
        SparseOptimizer optimizer,
        float learningRate,
        NativeBuffer<float> scratch,
        long first);

    /// <summary>Gives the memory back.</summary>
    /// <param name="disposing">True: there is no finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
        foreach (Parameter parameter in Parameters)
        {
            parameter.Dispose();
        }
    }
}
