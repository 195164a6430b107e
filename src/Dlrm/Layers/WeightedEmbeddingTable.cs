using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Random;

namespace Dlrm.Layers;

/// <summary>A full table whose rows are summed with a learned weight for each: pooled = Σ v[i] · w[i].</summary>
/// <remarks>
/// The reference keeps a gradient for all of v; here the weights of looked-up rows are updated with their rows, which is
/// the same for rules that leave an element without a gradient alone. v starts at 1.
/// </remarks>
public sealed class WeightedEmbeddingTable : EmbeddingTable
{
    private readonly WeightedEmbeddingBag _kernel;
    private readonly Parameter[] _parameters;
    private readonly LookupPart[] _parts;

    /// <summary>A zeroed table.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="number">Which categorical feature, from 0.</param>
    /// <param name="rows">E.</param>
    /// <param name="dimension">D.</param>
    public WeightedEmbeddingTable(Engine engine, int number, int rows, int dimension)
        : base(number, rows, dimension)
    {
        _kernel = WeightedEmbeddingBag.For(engine.InstructionSet);
        _parameters = [new Parameter($"emb_l.{number}.weight", [rows, dimension], dense: false)];
        PoolingWeight = new Parameter($"v_W_l.{number}", [rows], dense: false);
        _parts = [new LookupPart(number, 0, rows, null)];
    }

    /// <summary>w (E, D), <c>emb_l.NUMBER.weight</c>.</summary>
    public Parameter Weight => _parameters[0];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override Parameter PoolingWeight { get; }

    /// <inheritdoc/>
    internal override IReadOnlyList<LookupPart> Parts => _parts;

    /// <inheritdoc/>
    internal override void Initialize(NumpyRandom numpy, TorchRandom torch)
    {
        torch.SkipNormal(Weight.Elements);
        double bound = Math.Sqrt(1.0 / Rows);
        Weight.Fill(values => numpy.FillUniform(values, -bound, bound));
        PoolingWeight.FillWith(1);
    }

    /// <inheritdoc/>
    internal override void Pool(
        EmbeddingBag kernel, ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, int start, int end, MatrixView pooled)
    {
        _kernel.Pool(Weight, PoolingWeight, offsets, indices, indices, start, end, pooled);
        Average(offsets, start, end, pooled);
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
        => optimizer.UpdateWeightedRows(
            FirstParameter, PoolingParameter, lookups, pooledGradient, learningRate, scratch, first);
}
