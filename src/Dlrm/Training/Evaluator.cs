using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Profiling;

namespace Dlrm.Training;

/// <summary>Scores a whole source and computes exact metrics; keeps the scores for curves.</summary>
public sealed class Evaluator : IDisposable
{
    private readonly DlrmModel _model;
    private readonly IBatchSource _source;
    private readonly IBatchSource _part; // this rank's, or the source itself
    private readonly BatchPrefetcher _batches;
    private readonly int _batchCount;

    /// <summary>Prepares to evaluate a model on a source, any number of times.</summary>
    /// <param name="model">The model.</param>
    /// <param name="source">Labelled samples.</param>
    /// <param name="batchLimit">Batches at most; 0 for all.</param>
    public Evaluator(DlrmModel model, IBatchSource source, int batchLimit = 0)
    {
        _model = model;
        _source = source;
        _part = model.PartOf(source);
        _batches = new BatchPrefetcher(_part);
        Groups = source is IGroupedSource { HasGroups: true } grouped ? new GroupMetrics(grouped) : null;
        _batchCount = batchLimit > 0 ? Math.Min(batchLimit, source.BatchCount) : source.BatchCount;
    }

    /// <summary>Batches of one pass.</summary>
    public int BatchCount => _batchCount;

    /// <summary>Scores and labels of the last pass.</summary>
    public MetricsAccumulator Scores { get; } = new();

    /// <summary>Collects metrics by slice, anew in every pass; null for none.</summary>
    /// <exception cref="NotSupportedException">Several ranks share the model: no rank has all lookups of a sample's batch.</exception>
    public SliceMetrics? Slices
    {
        get;
        set => field = value is null || _model.Distribution is not { Communicator.Size: > 1 }
            ? value
            : throw new NotSupportedException(
                "Metrics by slice need the categorical features of all samples, of which a rank has its part: evaluate the saved model with "
                + "slices in one process.");
    }

    /// <summary>Scores of the last pass by group; null where the source has no groups.</summary>
    public GroupMetrics? Groups { get; }

    /// <summary>The model's own loss over the last pass: the sample-weighted mean.</summary>
    public double Loss { get; private set; }

    /// <summary>Scores every sample.</summary>
    /// <param name="progress">Told the samples scored so far, after every batch; may be null.</param>
    /// <param name="stop">Ends the pass early by an exception.</param>
    /// <returns>Exact metrics.</returns>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public EvaluationMetrics Run(Action<long>? progress = null, CancellationToken stop = default)
    {
        Scores.Reset();
        Slices?.Reset();
        Groups?.Reset();
        double lossSum = 0;
        long samples = 0;
        _model.ListenTo(stop);
        _batches.Start(0, _batchCount);
        try
        {
            for (int index = 0; index < _batchCount; index++)
            {
                if (_model.IsStopped(stop))
                {
                    throw new OperationCanceledException("The pass was asked to stop.", stop);
                }

                Profiler? profiler = _model.Engine.Profiler;
                long began = profiler?.Begin() ?? 0;
                Batch batch = _batches.Take();
                profiler?.EndStage("wait for data");
                lossSum += (double)_model.EvaluateLoss(batch) * batch.WholeSize;
                Add(batch);
                profiler?.EndStep(began, training: false);
                samples += batch.WholeSize;
                _batches.Release();
                progress?.Invoke(samples);
            }
        }
        catch
        {
            _batches.Cancel();
            throw;
        }

        Loss = samples == 0 ? 0 : lossSum / samples;
        return Scores.Compute();
    }

    /// <summary>The scores of a batch: on several ranks those of all, so that every rank has the same metrics.</summary>
    private void Add(Batch batch)
    {
        ReadOnlySpan<float> scores = _model.Probabilities;
        ReadOnlySpan<float> labels = batch.Labels;
        if (_model.Parallel is { } parallel)
        {
            (NativeBuffer<float> allScores, NativeBuffer<float> allLabels) = parallel.Gather(batch, scores);
            scores = allScores.Slice(0, batch.WholeSize);
            labels = allLabels.Slice(0, batch.WholeSize);
        }

        Scores.Add(scores, labels);
        Slices?.Add(batch, scores);
        Groups?.Add(labels, scores);
    }

    /// <summary>Gives the batches' memory back.</summary>
    public void Dispose()
    {
        _batches.Dispose();
        (_part as RankBatchSource)?.Dispose();
        Scores.Dispose();
    }
}
