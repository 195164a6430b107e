using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Random;

namespace Dlrm.Layers;

/// <summary>A table with one vector for every index, pooled by summing or averaging.</summary>
public sealed class FullEmbeddingTable : EmbeddingTable
{
    private readonly Parameter[] _parameters;
    private readonly LookupPart[] _parts;

    /// <summary>A zeroed table.</summary>
    /// <param name="number">Which categorical feature, from 0.</param>
    /// <param name="rows">E.</param>
    /// <param name="dimension">D. E · D may exceed 2³¹.</param>
    public FullEmbeddingTable(int number, int rows, int dimension)
        : base(number, rows, dimension)
    {
        _parameters = [new Parameter($"emb_l.{number}.weight", [rows, dimension], dense: false)];
        _parts = [new LookupPart(number, 0, rows, null)];
    }

    /// <summary>(E, D), <c>emb_l.NUMBER.weight</c>.</summary>
    public Parameter Weight => _parameters[0];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => _parameters;

    /// <inheritdoc/>
    internal override IReadOnlyList<LookupPart> Parts => _parts;

    /// <inheritdoc/>
    internal override void Initialize(NumpyRandom numpy, TorchRandom torch)
    {
        torch.SkipNormal(Weight.Elements);
        double bound = Math.Sqrt(1.0 / Rows);
        Weight.Fill(values => numpy.FillUniform(values, -bound, bound));
    }

    /// <inheritdoc/>
    internal override void Pool(
        EmbeddingBag kernel, ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, int start, int end, MatrixView pooled)
    {
        kernel.Pool(Weight, offsets, indices, start, end, pooled);
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
        => optimizer.UpdateRows(FirstParameter, lookups, pooledGradient, learningRate, scratch, first);
}
