using Dlrm.Memory;

namespace Dlrm.Data;

/// <summary>
/// One mini-batch of samples in native memory, filled again and again by a batch source.
/// </summary>
/// <remarks>
/// Letters: B samples, M dense features, L lookups of a table. Dense features are (B, M) row-major. The lookups of
/// table t are compressed rows as in PyTorch's EmbeddingBag with the last offset included: sample b looks up
/// <c>Indices(t)[Offsets(t)[b] .. Offsets(t)[b + 1]]</c>; an empty range is an empty bag. Memory grows to the largest
/// batch seen and stays.
/// </remarks>
public sealed class Batch : IDisposable
{
    private readonly NativeBuffer<int>[] _offsets;
    private readonly NativeBuffer<int>[] _indices;
    private NativeBuffer<float> _dense = new(0);
    private NativeBuffer<float> _labels = new(0);
    private NativeBuffer<float> _weights = new(0);
    private int _capacity;

    /// <summary>An empty batch.</summary>
    /// <param name="denseFeatures">M, 1 or more.</param>
    /// <param name="tables">Categorical features, 1 or more.</param>
    public Batch(int denseFeatures, int tables)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(denseFeatures, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(tables, 1);
        DenseFeatures = denseFeatures;
        Tables = tables;
        _offsets = new NativeBuffer<int>[tables];
        _indices = new NativeBuffer<int>[tables];
        for (int table = 0; table < tables; table++)
        {
            _offsets[table] = new NativeBuffer<int>(1);
            _indices[table] = new NativeBuffer<int>(0);
        }
    }

    /// <summary>B: samples now in the batch.</summary>
    public int Size { get; private set; }

    /// <summary>M.</summary>
    public int DenseFeatures { get; }

    /// <summary>Categorical features.</summary>
    public int Tables { get; }

    /// <summary>Dense features, (B, M) row-major.</summary>
    public Span<float> Dense => _dense.Slice(0, Size * DenseFeatures);

    /// <summary>Labels, (B), in [0, 1].</summary>
    public Span<float> Labels => _labels.Slice(0, Size);

    /// <summary>True when samples have weights; a source sets it before it writes <see cref="Weights"/>.</summary>
    public bool HasWeights
    {
        get;
        set
        {
            field = value;
            if (value && _weights.Length < Size)
            {
                Replace(ref _weights, Size);
            }
        }
    }

    /// <summary>Weights of the samples in the loss, (B), 0 or more; empty when there are none and each counts as 1.</summary>
    public Span<float> Weights => HasWeights ? _weights.Slice(0, Size) : default;

    /// <summary>The dense features as a matrix.</summary>
    public MatrixView DenseMatrix => MatrixView.Over(_dense, Size, DenseFeatures);

    /// <summary>
    /// Makes room for <paramref name="size"/> samples without weights and sets <see cref="Size"/>. Contents are undefined
    /// until written; offset 0 of every table is 0.
    /// </summary>
    /// <param name="size">B, 0 or more.</param>
    public void Resize(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (size > _capacity)
        {
            Replace(ref _dense, checked((long)size * DenseFeatures));
            Replace(ref _labels, size);
            for (int table = 0; table < Tables; table++)
            {
                Replace(ref _offsets[table], size + 1L);
            }

            _capacity = size;
        }

        Size = size;
        HasWeights = false;
    }

    /// <summary>
    /// As <see cref="Resize"/>, but the offsets of the samples there are now stay; those of new samples, dense features and
    /// labels are undefined until written.
    /// </summary>
    /// <param name="size">B, as large as before or larger.</param>
    internal void Append(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, Size);
        if (size > _capacity)
        {
            _capacity = Math.Max(size, 2 * _capacity);
            Replace(ref _dense, checked((long)_capacity * DenseFeatures));
            Replace(ref _labels, _capacity);
            for (int table = 0; table < Tables; table++)
            {
                NativeBuffer<int> old = _offsets[table];
                var grown = new NativeBuffer<int>(_capacity + 1L);
                old.Slice(0, Size + 1).CopyTo(grown.Span);
                old.Dispose();
                _offsets[table] = grown;
            }
        }

        Size = size;
    }

    /// <summary>Leaves the first samples; what was written for them stays.</summary>
    /// <param name="size">B, as large as before or smaller.</param>
    internal void Truncate(int size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)size, (uint)Size, nameof(size));
        Size = size;
    }

    /// <summary>Offsets of a table, (B + 1): ascending from 0 to L.</summary>
    /// <param name="table">Table number.</param>
    public Span<int> Offsets(int table) => _offsets[table].Slice(0, Size + 1);

    /// <summary>Lookups of a table, (L), where L is the last offset. Write the offsets first.</summary>
    /// <param name="table">Table number.</param>
    /// <exception cref="ArgumentOutOfRangeException">The last offset exceeds what was reserved.</exception>
    public Span<int> Indices(int table) => _indices[table].Slice(0, LookupCount(table));

    /// <summary>L: the lookups of a table in this batch, its last offset.</summary>
    /// <param name="table">Table number.</param>
    public int LookupCount(int table) => _offsets[table][Size];

    /// <summary>Makes room for lookups of a table, keeping those already there, and gives the whole room.</summary>
    /// <param name="table">Table number.</param>
    /// <param name="lookups">At least this many.</param>
    /// <returns>A span of at least <paramref name="lookups"/> elements to write to.</returns>
    public Span<int> ReserveIndices(int table, int lookups)
    {
        NativeBuffer<int> old = _indices[table];
        if (lookups > old.Length)
        {
            var grown = new NativeBuffer<int>(Math.Max(lookups, old.Length + (old.Length / 2)));
            old.Span.CopyTo(grown.Span);
            old.Dispose();
            _indices[table] = grown;
        }

        return _indices[table].Span;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _dense.Dispose();
        _labels.Dispose();
        _weights.Dispose();
        for (int table = 0; table < Tables; table++)
        {
            _offsets[table].Dispose();
            _indices[table].Dispose();
        }
    }

    private static void Replace<T>(ref NativeBuffer<T> buffer, long length)
        where T : unmanaged
    {
        buffer.Dispose();
        buffer = new NativeBuffer<T>(length);
    }
}
