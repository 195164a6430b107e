using Dlrm.Threading;

namespace Dlrm.Data;

/// <summary>Prepares a source's batches on a background thread while the one before trains.</summary>
/// <remarks>
/// It never reads past the range it was asked for. Training asks for ranges that end where a test begins, so sources
/// that share a random state (as the reference's do) see the same order of draws as without prefetching. Where the
/// source stood after each batch is kept with the batch, so a checkpoint knows it though the source is already ahead.
/// </remarks>
public sealed class BatchPrefetcher : IDisposable
{
    private const int Depth = 3;

    private readonly Slot[] _ring;
    private readonly RingProducer<Slot> _producer;
    private readonly IResumableSource? _resumable;
    private readonly byte[] _position;
    private Slot? _taken;
    private int _left;

    /// <summary>Starts the background thread; it reads nothing yet.</summary>
    /// <param name="source">The source; nobody else may read it while a range is under way.</param>
    public BatchPrefetcher(IBatchSource source)
    {
        _resumable = source as IResumableSource;
        _position = new byte[_resumable?.PositionBytes ?? 0];
        _ring = new Slot[Depth];
        for (int slot = 0; slot < Depth; slot++)
        {
            _ring[slot] = new Slot(new Batch(source.DenseFeatures, source.TableRows.Count), new byte[_position.Length]);
        }

        IResumableSource? resumable = _resumable;
        _producer = new RingProducer<Slot>(
            _ring,
            (number, slot) =>
            {
                source.Read(number, slot.Batch);
                resumable?.SavePosition(slot.Position);
            },
            "dlrm batches");
    }

    /// <summary>Starts reading batches [first, end).</summary>
    /// <param name="first">First batch of the epoch to read.</param>
    /// <param name="end">The one after the last.</param>
    public void Start(int first, int end)
    {
        _resumable?.SavePosition(_position);
        _left = end - first;
        _producer.Start(first, end);
    }

    /// <summary>The next batch; valid until <see cref="Release"/>.</summary>
    /// <remarks>What reading it threw is thrown here.</remarks>
    public Batch Take()
    {
        _taken = _producer.Take();
        return _taken.Batch;
    }

    /// <summary>The batch after the one taken last: what <see cref="Take"/> will give. Waits for it.</summary>
    /// <returns>Null at the end of the range, or where reading it failed.</returns>
    public Batch? Peek() => _producer.Peek()?.Batch;

    /// <summary>Gives the batch taken last back.</summary>
    public void Release()
    {
        _taken!.Position.CopyTo(_position, 0);
        _left--;
        _producer.Release();
    }

    /// <summary>Drops the rest of the range.</summary>
    public void Cancel() => _producer.Cancel();

    /// <summary>Where the source stood after the batch released last, or stands now where a range is used up.</summary>
    /// <returns>Null for a source that remembers nothing.</returns>
    public byte[]? SavePosition()
    {
        if (_resumable is null)
        {
            return null;
        }

        if (_left == 0)
        {
            _resumable.SavePosition(_position);
        }

        return [.. _position];
    }

    /// <summary>Sets the source to where it stood; not while a range is under way.</summary>
    /// <param name="position">What <see cref="SavePosition"/> gave.</param>
    /// <exception cref="ArgumentException">It is that of another kind of source.</exception>
    public void RestorePosition(byte[]? position)
    {
        int bytes = position?.Length ?? 0;
        if (bytes != _position.Length)
        {
            throw new ArgumentException(
                $"The position in the data has {bytes} bytes; this source takes {_position.Length}: other data are meant.", nameof(position));
        }

        if (position is not null)
        {
            _resumable?.RestorePosition(position);
        }
    }

    /// <summary>Ends the thread and gives the batches' memory back.</summary>
    public void Dispose()
    {
        _producer.Dispose();
        foreach (Slot slot in _ring)
        {
            slot.Batch.Dispose();
        }
    }

    /// <summary>A batch, and where its source stood after it.</summary>
    private sealed record Slot(Batch Batch, byte[] Position);
}
