using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Layers;

/// <summary>The learned weights of a quotient-remainder table: one for each index, used in both of its sums.</summary>
/// <remarks>
/// <code>
/// q (B, d) = Σ v[i] · weight_q[i / c],  r (B, d) = Σ v[i] · weight_r[i mod c]   over the lookups i of a bag
/// ∂weight_q[i / c] += v[i] · gq[b],  ∂weight_r[i mod c] += v[i] · gr[b]
/// ∂v[i] += weight_q[i / c] · gq[b] + weight_r[i mod c] · gr[b]
/// </code>
/// A row of the small tables has lookups of several indices, so of several weights: their gradients are written out one
/// a lookup, (L, d) each, before any update, and are then sorted by row and added in lookup order, ∂v like the others.
/// </remarks>
internal sealed class QuotientRemainderWeights : IDisposable
{
    private readonly WeightedEmbeddingBag _bag;
    private readonly LookupGradientKernel _kernel;
    private readonly MappedIndices _indices = new();
    private readonly MappedIndices _offsets = new();
    private readonly RowBuffer _quotientGradient;
    private readonly RowBuffer _remainderGradient;
    private readonly RowBuffer _slopes = new(1);

    /// <summary>Weights of one.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="number">Which categorical feature, from 0.</param>
    /// <param name="rows">E.</param>
    /// <param name="dimension">d.</param>
    public QuotientRemainderWeights(Engine engine, int number, int rows, int dimension)
    {
        _bag = WeightedEmbeddingBag.For(engine.InstructionSet);
        _kernel = LookupGradientKernel.For(engine.InstructionSet);
        Weight = new Parameter($"v_W_l.{number}", [rows], dense: false);
        _quotientGradient = new RowBuffer(dimension);
        _remainderGradient = new RowBuffer(dimension);
    }

    /// <summary>v (E), which the table owns.</summary>
    public Parameter Weight { get; }

    /// <summary>0, 1, 2, …: each lookup is a sample of its own when gradients are sorted.</summary>
    public MappedIndices Places { get; } = new();

    /// <summary>The gradients that a part's lookups are updated with: of weight_q, weight_r and v.</summary>
    /// <param name="part">0, 1 or 2.</param>
    public MatrixView Gradient(int part) => part switch
    {
        0 => _quotientGradient.Matrix,
        1 => _remainderGradient.Matrix,
        _ => _slopes.Matrix,
    };

    /// <summary>Makes room.</summary>
    /// <param name="samples">B.</param>
    /// <param name="lookups">L.</param>
    public void Reserve(int samples, int lookups)
    {
        _indices.Reserve(lookups);
        _offsets.Reserve(samples + 1);
        _quotientGradient.Resize(lookups);
        _remainderGradient.Resize(lookups);
        _slopes.Resize(lookups);
        if (lookups + 1 > Places.Values.Length)
        {
            Places.Reserve(lookups + 1);
            Span<int> places = Places.Values;
            for (int place = 0; place < places.Length; place++)
            {
                places[place] = place;
            }
        }
    }

    /// <summary>Keeps the lookups of samples [start, end) for the way back.</summary>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="indices">(L).</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    public void Keep(ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, int start, int end)
    {
        // Offset `start` is written by the worker before too, with the same value; only [start, end) is read by this one.
        offsets[start..(end + 1)].CopyTo(_offsets.Values[start..]);
        indices[offsets[start]..offsets[end]].CopyTo(_indices.Values[offsets[start]..]);
    }

    /// <summary>Σ v[i] · table[mapped[i]] for the bags of samples [start, end), which have been kept.</summary>
    /// <param name="table">weight_q or weight_r.</param>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="mapped">(L): i / c or i mod c.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    /// <param name="output">(B, d), out.</param>
    public void Pool(
        Parameter table, ReadOnlySpan<int> offsets, ReadOnlySpan<int> mapped, int start, int end, MatrixView output)
        => _bag.Pool(table, Weight, offsets, mapped, _indices.Values, start, end, output);

    /// <summary>Writes out the gradients of the lookups of samples [start, end).</summary>
    /// <param name="part">0 for weight_q, then 1 for weight_r.</param>
    /// <param name="table">The part's rows.</param>
    /// <param name="mapped">(L): i / c or i mod c.</param>
    /// <param name="gradient">(B, d): gq or gr.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">One after the last.</param>
    public void Spread(int part, Parameter table, ReadOnlySpan<int> mapped, MatrixView gradient, int start, int end)
    {
        if (table.Storage == StorageFormat.Float32)
        {
            _kernel.Compute(
                table.Value, Weight.Value, _offsets.Values, mapped, _indices.Values, gradient, Gradient(part), _slopes.Values, part > 0, start, end);
        }
        else
        {
            _kernel.Compute(
                table.Packed, table.Storage, Weight.Value, _offsets.Values, mapped, _indices.Values, gradient, Gradient(part), _slopes.Values, part > 0, start, end);
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _indices.Dispose();
        _offsets.Dispose();
        Places.Dispose();
        _quotientGradient.Dispose();
        _remainderGradient.Dispose();
        _slopes.Dispose();
    }
}
