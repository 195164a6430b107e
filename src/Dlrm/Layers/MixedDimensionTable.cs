using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>
/// A table with narrow rows whose pooled sum is projected to the features' width
/// (Ginart, Naumov, Mudigere, Yang, Zou 2019, arXiv 1909.11810).
/// </summary>
/// <remarks>
/// <code>
/// x (B, d) = Σ embs[i], or Σ v[i] · embs[i] with learned weights v (E), or such a sum over the bag's length
/// pooled (B, D) = x · projᵀ,   proj (D, d) without bias
/// dx = g · proj,   dproj = gᵀ · x   (samples ascending)
/// </code>
/// A table that keeps the full width, d = D, has no projection. The projection is small, trained by the dense optimizer
/// and multiplied on the worker that pooled.
/// </remarks>
public sealed class MixedDimensionTable : EmbeddingTable
{
    private readonly SmallProduct _product;
    private readonly WeightedEmbeddingBag _weightedBag;
    private readonly Parameter[] _parameters;
    private readonly LookupPart[] _parts;
    private readonly int _rowDimension;
    private readonly NativeBuffer<float> _transposed;
    private readonly RowBuffer _pooled;
    private readonly RowBuffer _pooledGradient;

    /// <summary>A zeroed table.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="number">Which categorical feature, from 0.</param>
    /// <param name="rows">E.</param>
    /// <param name="rowDimension">d, 1 … D.</param>
    /// <param name="dimension">D.</param>
    /// <param name="training">Whether the projection keeps a gradient.</param>
    /// <param name="weighted">Whether each row has a learned weight in its bag.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public MixedDimensionTable(
        Engine engine, int number, int rows, int rowDimension, int dimension, bool training, bool weighted = false)
        : base(number, rows, dimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rowDimension, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rowDimension, dimension);
        _product = SmallProduct.For(engine.InstructionSet);
        _weightedBag = WeightedEmbeddingBag.For(engine.InstructionSet);
        PoolingWeight = weighted ? new Parameter($"v_W_l.{number}", [rows], dense: false) : null;
        _rowDimension = rowDimension;
        var rowsParameter = new Parameter($"emb_l.{number}.embs.weight", [rows, rowDimension], dense: false);
        _parameters = rowDimension == dimension
            ? [rowsParameter]
            : [rowsParameter, new Parameter($"emb_l.{number}.proj.weight", [dimension, rowDimension], training)];
        _parts = [new LookupPart(number, 0, rows, null)];
        _transposed = new NativeBuffer<float>(IsProjected ? (long)rowDimension * dimension : 0);
        _pooled = new RowBuffer(rowDimension);
        _pooledGradient = new RowBuffer(rowDimension);
    }

    /// <summary>(E, d), <c>emb_l.NUMBER.embs.weight</c>.</summary>
    public Parameter Weight => _parameters[0];

    /// <summary>(D, d), <c>emb_l.NUMBER.proj.weight</c>; null at full width.</summary>
    public Parameter? Projection => IsProjected ? _parameters[1] : null;

    /// <inheritdoc/>
    public override Parameter? PoolingWeight { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => _parameters;

    /// <inheritdoc/>
    internal override IReadOnlyList<LookupPart> Parts => _parts;

    /// <inheritdoc/>
    internal override bool IsCompound => IsProjected || base.IsCompound;

    private bool IsProjected => _parameters.Length > 1;

    /// <inheritdoc/>
    internal override void Initialize(NumpyRandom numpy, TorchRandom torch)
    {
        // PyTorch draws normals for the rows, the reference draws them anew, and then from numpy; so with the projection.
        torch.SkipNormal(Weight.Elements);
        torch.SkipUniform(Weight.Elements);
        if (Projection is { } projection)
        {
            torch.SkipUniform(projection.Elements);
            if (projection.Sink is null)
            {
                torch.FillXavierUniform(projection.Value, Dimension, _rowDimension);
            }
            else
            {
                torch.SkipUniform(projection.Elements);
            }
        }

        double bound = Math.Sqrt(1.0 / Rows);
        Weight.Fill(values => numpy.FillUniform(values, -bound, bound));
        PoolingWeight?.FillWith(1);
    }

    /// <inheritdoc/>
    internal override void Reserve(int samples, int lookups)
    {
        base.Reserve(samples, lookups);
        if (!IsProjected)
        {
            return;
        }

        _pooled.Resize(samples);
        _pooledGradient.Resize(samples);
        Span<float> transposed = _transposed.Span;
        ReadOnlySpan<float> projection = Projection!.Value.Span;
        for (int column = 0; column < _rowDimension; column++)
        {
            for (int row = 0; row < Dimension; row++)
            {
                transposed[(column * Dimension) + row] = projection[(row * _rowDimension) + column];
            }
        }
    }

    /// <inheritdoc/>
    internal override void Pool(
        EmbeddingBag kernel, ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, int start, int end, MatrixView pooled)
    {
        MatrixView sums = IsProjected ? _pooled.Matrix : pooled;
        if (PoolingWeight is { } weights)
        {
            _weightedBag.Pool(Weight, weights, offsets, indices, indices, start, end, sums);
        }
        else
        {
            kernel.Pool(Weight, offsets, indices, start, end, sums);
        }

        Average(offsets, start, end, sums);
        if (!IsProjected)
        {
            return;
        }

        MatrixView projection = MatrixView.Over(_transposed, _rowDimension, Dimension);
        _product.Multiply(_pooled.Matrix, transposed: false, projection, pooled, start, end);
    }

    /// <inheritdoc/>
    internal override void Backward(MatrixView pooledGradient, int samples, int worker, int workers)
    {
        if (Projection is not { } projection)
        {
            base.Backward(pooledGradient, samples, worker, workers);
            return;
        }

        (int start, int end) = WorkerTeam.Share(samples, worker, workers);
        MatrixView weights = MatrixView.Over(projection.Value, Dimension, _rowDimension);
        MatrixView gradient = MatrixView.Over(projection.Gradient!, Dimension, _rowDimension);
        _product.Multiply(pooledGradient, transposed: false, weights, _pooledGradient.Matrix, start, end);
        Mean?.Apply(_pooledGradient.Matrix, start, end);
        _product.Multiply(
            pooledGradient,
            transposed: true,
            _pooled.Matrix,
            gradient,
            (int)((long)Dimension * worker / workers),
            (int)((long)Dimension * (worker + 1) / workers));
    }

    /// <inheritdoc/>
    internal override void Update(
        int part,
        in SortedLookups lookups,
        MatrixView pooledGradient,
        SparseOptimizer optimizer,
        float learningRate,
        NativeBuffer<float> scratch,
        long first)
    {
        MatrixView gradient = IsProjected ? _pooledGradient.Matrix : pooledGradient;
        if (PoolingWeight is null)
        {
            optimizer.UpdateRows(FirstParameter, lookups, gradient, learningRate, scratch, first);
        }
        else
        {
            optimizer.UpdateWeightedRows(FirstParameter, PoolingParameter, lookups, gradient, learningRate, scratch, first);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _transposed.Dispose();
        _pooled.Dispose();
        _pooledGradient.Dispose();
    }
}
