using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Data.Scoring;
using Dlrm.Model;
using Dlrm.Serving.Batching;
using Dlrm.Serving.Metrics;

namespace Dlrm.Serving.Models;

/// <summary>One loaded version of a model: its weights, its engines, its queue.</summary>
/// <remarks>
/// Whoever uses it holds a lease; when a newer version has taken its place and the last lease is given back, it ends and
/// frees its memory. A request is read, scored and answered under one lease, so by one version.
/// </remarks>
internal sealed class ModelVersion
{
    private const int PooledBatches = 64;

    private readonly MappedTensors _tensors;
    private readonly InferenceWorker[] _workers;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _leases = 1;

    /// <summary>Starts the engines.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="folder">Where it was found.</param>
    /// <param name="models">One an engine; owned from now on.</param>
    /// <param name="tensors">What they look at; owned from now on.</param>
    /// <param name="encoder">How raw rows become inputs; null where the folder does not say.</param>
    /// <param name="record">Recorded samples; null for none.</param>
    /// <param name="options">The server's.</param>
    /// <param name="metrics">Of all versions of the model.</param>
    public ModelVersion(
        string name,
        VersionFolder folder,
        IReadOnlyList<DlrmModel> models,
        MappedTensors tensors,
        RowEncoder? encoder,
        ServingRecord? record,
        ServingOptions options,
        BatchMetrics metrics)
    {
        Name = name;
        Folder = folder;
        Config = models[0].Config;
        Encoder = encoder;
        Record = record;
        Sample = SampleRow.Of(encoder, record);
        _tensors = tensors;
        Queue = new ScoreQueue(options.QueueRows, options.BatchDelay);
        Drift = new ScoreDrift(record?.Scores);
        Batches = new Pool<Batch>(() => new Batch(Config.DenseFeatures, Config.TableRows.Count), PooledBatches);
        Rows = encoder is null ? null : new RowPool(encoder, options.MaxRows);
        _workers = [.. models.Select(model => new InferenceWorker(model, Queue, options.MaxBatch, metrics, Drift.NewCounts()))];
    }

    /// <summary>The model's name.</summary>
    public string Name { get; }

    /// <summary>Where it was found.</summary>
    public VersionFolder Folder { get; }

    /// <summary>The version, as requests name it.</summary>
    public string Version => Folder.Version;

    /// <summary>The architecture.</summary>
    public DlrmConfig Config { get; }

    /// <summary>How raw rows become inputs; null where the model folder does not say.</summary>
    public RowEncoder? Encoder { get; }

    /// <summary>Recorded samples; null for none.</summary>
    public ServingRecord? Record { get; }

    /// <summary>A real row in JSON; null where none can be made.</summary>
    public byte[]? Sample { get; }

    /// <summary>Rows that wait.</summary>
    public ScoreQueue Queue { get; }

    /// <summary>How scores are distributed.</summary>
    public ScoreDrift Drift { get; }

    /// <summary>Batches for encoded rows.</summary>
    public Pool<Batch> Batches { get; }

    /// <summary>Batches for raw rows; null without an encoder.</summary>
    public RowPool? Rows { get; }

    /// <summary>Ends when its memory is free.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Leases now, the catalog's own among them.</summary>
    public int Leases => Volatile.Read(ref _leases);

    /// <summary>Takes a lease.</summary>
    /// <returns>False when it has ended: a newer one is there.</returns>
    public bool TryAcquire()
    {
        int leases = Volatile.Read(ref _leases);
        while (leases > 0)
        {
            int seen = Interlocked.CompareExchange(ref _leases, leases + 1, leases);
            if (seen == leases)
            {
                return true;
            }

            leases = seen;
        }

        return false;
    }

    /// <summary>Gives a lease back; the last one ends it, on another thread.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _leases) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static version => version.End(), this, preferLocal: false);
        }
    }

    /// <summary>Scores rows together with those of other requests.</summary>
    /// <param name="rows">Valid for this model; the queue's until the task ends.</param>
    /// <param name="shared">What they share; null for nothing.</param>
    /// <param name="stop">Takes them out of the queue.</param>
    /// <returns>With the scores; to be disposed of.</returns>
    /// <exception cref="RequestException">The queue is full.</exception>
    /// <exception cref="OperationCanceledException">Stopped before they were scored.</exception>
    public async Task<PendingScore> ScoreAsync(Batch rows, SharedContext? shared, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var pending = new PendingScore(rows, shared);
        try
        {
            if (!Queue.TryEnqueue(pending))
            {
                throw RequestException.QueueFull(Queue.Rows);
            }

            using CancellationTokenRegistration registration = stop.UnsafeRegister(
                static state =>
                {
                    (ScoreQueue queue, PendingScore waiting) = ((ScoreQueue, PendingScore))state!;
                    queue.TryCancel(waiting);
                },
                (Queue, pending));
            await pending.Done.ConfigureAwait(false);
            return pending;
        }
        catch
        {
            pending.Dispose();
            throw;
        }
    }

    private void End()
    {
        Queue.Close();
        foreach (InferenceWorker worker in _workers)
        {
            worker.Dispose();
        }

        _tensors.Dispose();
        Batches.Dispose();
        Rows?.Dispose();
        _ended.SetResult();
    }
}
