using Dlrm.Data;
using Dlrm.Memory;

namespace Dlrm.Model;

/// <summary>What the tables need of several batches, put together as if they had been one.</summary>
/// <remarks>
/// The gradients of the features, (ΣB, F·D), and the lookups, one batch after the other. The tables then take the step of
/// one large batch: lookups sorted by row, duplicates over all batches summed before the row is updated once, so every
/// kind of table and every rule works. Memory grows to the largest sum seen: ΣB·F·D floats, which PyTorch's sparse
/// gradients take too.
/// </remarks>
internal sealed class GradientAccumulator(int tables, int width, bool keepsFeatures) : IDisposable
{
    private NativeBuffer<float> _gradients = new(0);
    private NativeBuffer<float> _features = new(0);
    private int _samples;

    /// <summary>ΣB: samples since the last update.</summary>
    public int Samples => _samples;

    /// <summary>The lookups of all batches; its dense features and labels mean nothing.</summary>
    public Batch Lookups { get; } = new(1, tables);

    /// <summary>(ΣB, F·D).</summary>
    public MatrixView FeatureGradient => MatrixView.Over(_gradients, _samples, width);

    /// <summary>(ΣB, F·D), for tables that must pool all batches again.</summary>
    public MatrixView Features => MatrixView.Over(_features, _samples, width);

    /// <summary>Adds a batch.</summary>
    /// <param name="batch">Its lookups.</param>
    /// <param name="featureGradient">(B, F·D).</param>
    public void Add(Batch batch, MatrixView featureGradient)
    {
        int before = _samples;
        int after = checked(before + batch.Size);
        Grow(ref _gradients, (long)before * width, (long)after * width);
        if (keepsFeatures)
        {
            Grow(ref _features, 0, (long)after * width);
        }

        _samples = after;
        MatrixView all = FeatureGradient;
        for (int row = 0; row < batch.Size; row++)
        {
            featureGradient.Row(row).CopyTo(all.Row(before + row));
        }

        Append(batch, before, after);
    }

    /// <summary>Forgets all batches.</summary>
    public void Clear()
    {
        _samples = 0;
        Lookups.Resize(0);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _gradients.Dispose();
        _features.Dispose();
        Lookups.Dispose();
    }

    private void Append(Batch batch, int before, int after)
    {
        Lookups.Append(after);
        for (int table = 0; table < tables; table++)
        {
            Span<int> offsets = Lookups.Offsets(table);
            int first = offsets[before];
            ReadOnlySpan<int> added = batch.Offsets(table);
            Span<int> indices = Lookups.ReserveIndices(table, checked(first + batch.LookupCount(table)));
            batch.Indices(table).CopyTo(indices[first..]);
            for (int sample = 0; sample < added.Length; sample++)
            {
                offsets[before + sample] = first + added[sample];
            }
        }
    }

    private static void Grow(ref NativeBuffer<float> buffer, long kept, long length)
    {
        if (length <= buffer.Length)
        {
            return;
        }

        var grown = new NativeBuffer<float>(Math.Max(length, 2 * buffer.Length));
        const int Piece = 1 << 24;
        for (long start = 0; start < kept; start += Piece)
        {
            int count = (int)Math.Min(Piece, kept - start);
            buffer.Slice(start, count).CopyTo(grown.Slice(start, count));
        }

        buffer.Dispose();
        buffer = grown;
    }
}
