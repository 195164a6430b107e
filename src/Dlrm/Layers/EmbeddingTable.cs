using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Threading;

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
        Name = $"emb_l.{number}";
        Rows = rows;
        Dimension = dimension;
    }

    /// <summary>Which categorical feature, from 0.</summary>
    public int Number { get; }

    /// <summary><c>emb_l.NUMBER</c>: what the names of its parameters begin with.</summary>
    public string Name { get; }

    /// <summary>E.</summary>
    public int Rows { get; }

    /// <summary>D: length of the pooled vector.</summary>
    public int Dimension { get; }

    /// <summary>What is trained, under state_dict names; those without a gradient are updated row by row.</summary>
    public abstract IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>The learned weight of each row in its bag, (E), <c>v_W_l.NUMBER</c>; null where rows are summed as they are.</summary>
    public virtual Parameter? PoolingWeight => null;

    /// <summary>The sum-pooled matrices, in the order of the parameters they are.</summary>
    internal abstract IReadOnlyList<LookupPart> Parts { get; }

    /// <summary>True when pooling and gradients need memory of their own: <see cref="Reserve"/>, <see cref="Backward"/>.</summary>
    internal virtual bool IsCompound => Mean is not null;

    /// <summary>Turns sums into means; null where a bag is the sum of its rows.</summary>
    internal MeanPooling? Mean { get; init; }

    /// <summary>The number of the first parameter among those that the tables' optimizer has in charge.</summary>
    internal int FirstParameter { get; set; }

    /// <summary>The number of <see cref="PoolingWeight"/> among them, where there is one.</summary>
    internal int PoolingParameter { get; set; }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Numbers of the parameters whose rows an update of a part changes; the second is −1 where it is one alone.</summary>
    /// <param name="part">Number of the part.</param>
    internal virtual (int Rows, int Weights) ChangedBy(int part) => (FirstParameter + part, PoolingParameter);

    /// <summary>Gives every parameter the value that the reference gives it.</summary>
    /// <param name="numpy">numpy's generator.</param>
    /// <param name="torch">PyTorch's, which making a layer advances also where its values are not kept.</param>
    internal abstract void Initialize(NumpyRandom numpy, TorchRandom torch);

    /// <summary>Chooses how the looked-up rows are kept, before they have values.</summary>
    /// <param name="format">How.</param>
    internal void Store(StorageFormat format)
    {
        if (format == StorageFormat.Float32)
        {
            return;
        }

        foreach (Parameter parameter in Parameters)
        {
            if (parameter.Gradient is null && parameter.Shape.Count == 2 && !parameter.Name.EndsWith(".proj.weight", StringComparison.Ordinal))
            {
                parameter.Store(format);
            }
        }
    }

    /// <summary>Makes room for a batch before it is pooled; on one thread.</summary>
    /// <param name="samples">B.</param>
    /// <param name="lookups">L.</param>
    internal virtual void Reserve(int samples, int lookups) => Mean?.Reserve(samples);

    /// <summary>Pools the bags of samples [start, end).</summary>
    /// <param name="kernel">What to compute with.</param>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="indices">(L), known to be in range.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="pooled">(B, D), out.</param>
    internal abstract void Pool(
        EmbeddingBag kernel, ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, int start, int end, MatrixView pooled);

    /// <summary>A worker's share of the gradients between the pooled vector and the parts; before any update.</summary>
    /// <param name="pooledGradient">(B, D), in and out: a mean's becomes that of the sum.</param>
    /// <param name="samples">B.</param>
    /// <param name="worker">Worker number.</param>
    /// <param name="workers">Workers.</param>
    internal virtual void Backward(MatrixView pooledGradient, int samples, int worker, int workers)
    {
        (int start, int end) = WorkerTeam.Share(samples, worker, workers);
        Mean?.Apply(pooledGradient, start, end);
    }

    /// <summary>Updates the rows of a run of sorted lookups.</summary>
    /// <param name="part">Number of the part that they look up.</param>
    /// <param name="lookups">All the lookups of each row that they name.</param>
    /// <param name="pooledGradient">(B, D).</param>
    /// <param name="optimizer">Does the step.</param>
    /// <param name="learningRate">Step size.</param>
    /// <param name="scratch">Working memory: 3·D floats from <paramref name="first"/> on.</param>
    /// <param name="first">The first float of it.</param>
    internal abstract void Update(
        int part,
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

        PoolingWeight?.Dispose();
        Mean?.Dispose();
    }

    /// <summary>Where bags are means: divides the sums of samples [start, end) by the bags' lengths.</summary>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="sums">(B, D), in and out.</param>
    private protected void Average(ReadOnlySpan<int> offsets, int start, int end, MatrixView sums)
    {
        if (Mean is { } mean)
        {
            mean.Measure(offsets, start, end);
            mean.Apply(sums, start, end);
        }
    }
}
