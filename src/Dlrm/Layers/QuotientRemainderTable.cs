using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>
/// Two small tables in place of a large one: index i looks up row i / c of one and row i mod c of the other
/// (Shi, Mudigere, Naumov, Yang 2019, arXiv 1909.02107).
/// </summary>
/// <remarks>
/// <code>
/// q (B, d) = Σ weight_q[i / c],  r (B, d) = Σ weight_r[i mod c]   over the lookups i of a bag
/// pooled   = q ⊙ r,  q + r,  or  [q, r]
/// </code>
/// Each table is pooled on its own and then joined, as in the reference: the product of two sums, not the sum of
/// products. With learned weights or means each of the two is a weighted sum or a mean
/// (<see cref="QuotientRemainderWeights"/>). Gradients: of ⊙ dq = g ⊙ r, dr = g ⊙ q; else g, or its two halves. Indices are divided as whole numbers.
/// </remarks>
public sealed class QuotientRemainderTable : EmbeddingTable
{
    /// <summary>The number of the pooling weights among the parts.</summary>
    private const int WeightPart = 2;

    private readonly EmbeddingCombine _combine;
    private readonly Parameter[] _parameters;
    private readonly LookupPart[] _parts;
    private readonly int _collisions;
    private readonly int _partDimension;
    private readonly MappedIndices _quotients = new();
    private readonly MappedIndices _remainders = new();
    private readonly RowBuffer _quotient;
    private readonly RowBuffer _remainder;
    private readonly RowBuffer _quotientGradient;
    private readonly RowBuffer _remainderGradient;
    private readonly QuotientRemainderWeights? _weights;

    /// <summary>A zeroed table.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="number">Which categorical feature, from 0.</param>
    /// <param name="rows">E.</param>
    /// <param name="partDimension">d of each small table: the pooled vector has d elements, or 2·d when concatenated.</param>
    /// <param name="collisions">c, 1 or more: rows of the remainder table.</param>
    /// <param name="operation">How the two are joined.</param>
    /// <param name="weighted">Whether each index has a learned weight in its bag.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small.</exception>
    public QuotientRemainderTable(
        Engine engine,
        int number,
        int rows,
        int partDimension,
        int collisions,
        QuotientRemainderOperation operation,
        bool weighted = false)
        : base(number, rows, PooledDimension(partDimension, operation))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(collisions, 1);
        _combine = EmbeddingCombine.For(engine.InstructionSet);
        _collisions = collisions;
        _partDimension = partDimension;
        Operation = operation;
        int quotients = QuotientRows(rows, collisions);
        _parameters =
        [
            new Parameter($"emb_l.{number}.weight_q", [quotients, partDimension], dense: false),
            new Parameter($"emb_l.{number}.weight_r", [collisions, partDimension], dense: false),
        ];
        _weights = weighted ? new QuotientRemainderWeights(engine, number, rows, partDimension) : null;
        _parts =
        [
            new LookupPart(number, 0, quotients, _quotients) { Places = _weights?.Places },
            new LookupPart(number, 1, collisions, _remainders) { Places = _weights?.Places },
            .. weighted ? [new LookupPart(number, WeightPart, rows, null) { Places = _weights!.Places }] : (LookupPart[])[],
        ];
        _quotient = new RowBuffer(partDimension);
        _remainder = new RowBuffer(partDimension);
        _quotientGradient = new RowBuffer(partDimension);
        _remainderGradient = new RowBuffer(partDimension);
    }

    /// <summary>How the two pooled vectors are joined.</summary>
    public QuotientRemainderOperation Operation { get; }

    /// <summary>(⌈E / c⌉, d), <c>emb_l.NUMBER.weight_q</c>.</summary>
    public Parameter QuotientWeight => _parameters[0];

    /// <summary>(c, d), <c>emb_l.NUMBER.weight_r</c>.</summary>
    public Parameter RemainderWeight => _parameters[1];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override Parameter? PoolingWeight => _weights?.Weight;

    /// <inheritdoc/>
    internal override IReadOnlyList<LookupPart> Parts => _parts;

    /// <inheritdoc/>
    internal override bool IsCompound => true;

    private bool Multiplies => Operation == QuotientRemainderOperation.Multiply;

    private bool Concatenates => Operation == QuotientRemainderOperation.Concatenate;

    /// <summary>⌈E / c⌉.</summary>
    /// <param name="rows">E.</param>
    /// <param name="collisions">c.</param>
    public static int QuotientRows(int rows, int collisions) => (int)(((long)rows + collisions - 1) / collisions);

    /// <inheritdoc/>
    internal override (int Rows, int Weights) ChangedBy(int part) => (part == WeightPart ? PoolingParameter : FirstParameter + part, -1);

    /// <inheritdoc/>
    internal override void Initialize(NumpyRandom numpy, TorchRandom torch)
    {
        // The reference gives PyTorch a lower bound of √(1/E) and leaves the upper one at 1.
        double low = Math.Sqrt(1.0 / Rows);
        QuotientWeight.Fill(values => torch.FillUniform(values, low, 1));
        RemainderWeight.Fill(values => torch.FillUniform(values, low, 1));
        PoolingWeight?.FillWith(1);
    }

    /// <inheritdoc/>
    internal override void Reserve(int samples, int lookups)
    {
        base.Reserve(samples, lookups);
        _weights?.Reserve(samples, lookups);
        _quotients.Reserve(lookups);
        _remainders.Reserve(lookups);
        if (Concatenates)
        {
            return;
        }

        _quotient.Resize(samples);
        _remainder.Resize(samples);
        if (Multiplies)
        {
            _quotientGradient.Resize(samples);
            _remainderGradient.Resize(samples);
        }
    }

    /// <inheritdoc/>
    internal override void Pool(
        EmbeddingBag kernel, ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices, int start, int end, MatrixView pooled)
    {
        Span<int> quotients = _quotients.Values[..indices.Length];
        Span<int> remainders = _remainders.Values[..indices.Length];
        uint collisions = (uint)_collisions;
        for (int i = offsets[start]; i < offsets[end]; i++)
        {
            (uint quotient, uint remainder) = Math.DivRem((uint)indices[i], collisions);
            quotients[i] = (int)quotient;
            remainders[i] = (int)remainder;
        }

        MatrixView q = Concatenates ? pooled.ColumnRange(0, _partDimension) : _quotient.Matrix;
        MatrixView r = Concatenates ? pooled.ColumnRange(_partDimension, _partDimension) : _remainder.Matrix;
        if (_weights is { } weights)
        {
            weights.Keep(offsets, indices, start, end);
            weights.Pool(QuotientWeight, offsets, quotients, start, end, q);
            weights.Pool(RemainderWeight, offsets, remainders, start, end, r);
        }
        else
        {
            kernel.Pool(QuotientWeight, offsets, quotients, start, end, q);
            kernel.Pool(RemainderWeight, offsets, remainders, start, end, r);
        }

        Average(offsets, start, end, q);
        Average(offsets, start, end, r);
        if (Multiplies)
        {
            _combine.Multiply(q, r, pooled, start, end);
        }
        else if (!Concatenates)
        {
            _combine.Add(q, r, pooled, start, end);
        }
    }

    /// <inheritdoc/>
    internal override void Backward(MatrixView pooledGradient, int samples, int worker, int workers)
    {
        (int start, int end) = WorkerTeam.Share(samples, worker, workers);
        if (Multiplies)
        {
            _combine.Multiply(pooledGradient, _remainder.Matrix, _quotientGradient.Matrix, start, end);
            _combine.Multiply(pooledGradient, _quotient.Matrix, _remainderGradient.Matrix, start, end);
            Mean?.Apply(_quotientGradient.Matrix, start, end);
            Mean?.Apply(_remainderGradient.Matrix, start, end);
        }
        else
        {
            Mean?.Apply(pooledGradient, start, end);
        }

        if (_weights is { } weights)
        {
            weights.Spread(0, QuotientWeight, _quotients.Values, PartGradient(0, pooledGradient), start, end);
            weights.Spread(1, RemainderWeight, _remainders.Values, PartGradient(1, pooledGradient), start, end);
        }
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
        MatrixView gradient = _weights?.Gradient(part) ?? PartGradient(part, pooledGradient);
        optimizer.UpdateRows(ChangedBy(part).Rows, lookups, gradient, learningRate, scratch, first);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _quotients.Dispose();
        _remainders.Dispose();
        _quotient.Dispose();
        _remainder.Dispose();
        _quotientGradient.Dispose();
        _remainderGradient.Dispose();
        _weights?.Dispose();
    }

    /// <summary>The gradient of one of the two pooled vectors, (B, d).</summary>
    private MatrixView PartGradient(int part, MatrixView pooledGradient) => Operation switch
    {
        QuotientRemainderOperation.Multiply => part == 0 ? _quotientGradient.Matrix : _remainderGradient.Matrix,
        QuotientRemainderOperation.Concatenate => pooledGradient.ColumnRange(part * _partDimension, _partDimension),
        _ => pooledGradient,
    };

    private static int PooledDimension(int partDimension, QuotientRemainderOperation operation)
        => operation == QuotientRemainderOperation.Concatenate ? 2 * partDimension : partDimension;
}
