using Dlrm.Data;

namespace Dlrm.Distributed;

/// <summary>A rank's part of every batch of a source: samples [B·r / N, B·(r + 1) / N) of B.</summary>
/// <remarks>
/// A source that can read parts (<see cref="IPartialBatchSource"/>) is asked for this one alone. Any other is read whole on
/// every rank, as random data must be, whose draws follow each other.
/// </remarks>
public class RankBatchSource : IBatchSource, IDisposable
{
    private readonly IBatchSource _source;
    private readonly int _rank;
    private readonly int _ranks;
    private readonly Batch? _whole;

    private RankBatchSource(IBatchSource source, int rank, int ranks)
    {
        _source = source;
        _rank = rank;
        _ranks = ranks;
        _whole = source is IPartialBatchSource { ReadsParts: true } ? null : new Batch(source.DenseFeatures, source.TableRows.Count);
    }

    /// <inheritdoc/>
    public string Description => _source.Description;

    /// <inheritdoc/>
    public int DenseFeatures => _source.DenseFeatures;

    /// <inheritdoc/>
    public IReadOnlyList<int> TableRows => _source.TableRows;

    /// <inheritdoc/>
    public int BatchCount => _source.BatchCount;

    /// <summary>Samples in one epoch, those of all ranks.</summary>
    public long SampleCount => _source.SampleCount;

    /// <summary>The parts of a rank.</summary>
    /// <param name="source">The whole batches; it stays the caller's.</param>
    /// <param name="rank">r, 0 … N − 1.</param>
    /// <param name="ranks">N, 1 or more.</param>
    public static RankBatchSource Of(IBatchSource source, int rank, int ranks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)rank, (uint)ranks, nameof(rank));
        return source is IResumableSource resumable ? new Resumable(resumable, rank, ranks) : new RankBatchSource(source, rank, ranks);
    }

    /// <inheritdoc/>
    public void Read(int index, Batch batch)
    {
        if (_source is IPartialBatchSource { ReadsParts: true } partial)
        {
            int samples = partial.SizeOf(index);
            (int start, int end) = BatchParts.Of(samples, _rank, _ranks);
            partial.ReadPart(index, start, end - start, batch);
            batch.BecomePart(start, samples);
            return;
        }

        _source.Read(index, _whole!);
        (int first, int last) = BatchParts.Of(_whole!.Size, _rank, _ranks);
        batch.CopyPart(_whole, first, last - first);
        batch.BecomePart(first, _whole.Size);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _whole?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Of a source that remembers what was read.</summary>
    private sealed class Resumable(IResumableSource source, int rank, int ranks) : RankBatchSource(source, rank, ranks), IResumableSource
    {
        public int PositionBytes => source.PositionBytes;

        public void SavePosition(Span<byte> position) => source.SavePosition(position);

        public void RestorePosition(ReadOnlySpan<byte> position) => source.RestorePosition(position);
    }
}
