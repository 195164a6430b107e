using Dlrm.Threading;

namespace Dlrm.Data;

/// <summary>Prepares a source's batches on a background thread while the one before trains.</summary>
/// <remarks>
/// It never reads past the range it was asked for. Training asks for ranges that end where a test begins, so sources
/// that share a random state (as the reference's do) see the same order of draws as without prefetching.
/// </remarks>
public sealed class BatchPrefetcher : IDisposable
{
    private const int Depth = 3;

    private readonly Batch[] _ring;
    private readonly RingProducer<Batch> _producer;

    /// <summary>Starts the background thread; it reads nothing yet.</summary>
    /// <param name="source">The source; nobody else may read it while a range is under way.</param>
    public BatchPrefetcher(IBatchSource source)
    {
        _ring = new Batch[Depth];
        for (int slot = 0; slot < Depth; slot++)
        {
            _ring[slot] = new Batch(source.DenseFeatures, source.TableRows.Count);
        }

        _producer = new RingProducer<Batch>(_ring, source.Read, "dlrm batches");
    }

    /// <summary>Starts reading batches [first, end).</summary>
    /// <param name="first">First batch of the epoch to read.</param>
    /// <param name="end">The one after the last.</param>
    public void Start(int first, int end) => _producer.Start(first, end);

    /// <summary>The next batch; valid until <see cref="Release"/>.</summary>
    /// <remarks>What reading it threw is thrown here.</remarks>
    public Batch Take() => _producer.Take();

    /// <summary>Gives the batch taken last back.</summary>
    public void Release() => _producer.Release();

    /// <summary>Drops the rest of the range.</summary>
    public void Cancel() => _producer.Cancel();

    /// <summary>Ends the thread and gives the batches' memory back.</summary>
    public void Dispose()
    {
        _producer.Dispose();
        foreach (Batch batch in _ring)
        {
            batch.Dispose();
        }
    }
}
