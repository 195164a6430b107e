using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Profiling;

namespace Dlrm.Training;

/// <summary>Scores a whole source and computes exact metrics; keeps the scores for curves.</summary>
public sealed class Evaluator : IDisposable
{
    private readonly DlrmModel _model;
    private readonly IBatchSource _source;
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
        _batches = new BatchPrefetcher(source);
        Groups = source is IGroupedSource { HasGroups: true } grouped ? new GroupMetrics(grouped) : null;
        _batchCount = batchLimit > 0 ? Math.Min(batchLimit, source.BatchCount) : source.BatchCount;
    }

    /// <summary>Batches of one pass.</summary>
    public int BatchCount => _batchCount;

    /// <summary>Scores and labels of the last pass.</summary>
    public MetricsAccumulator Scores { get; } = new();

    /// <summary>Collects metrics by slice, anew in every pass; null for none.</summary>
    public SliceMetrics? Slices { get; set; }

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
        _batches.Start(0, _batchCount);
        try
        {
            for (int index = 0; index < _batchCount; index++)
            {
                stop.ThrowIfCancellationRequested();
                Profiler? profiler = _model.Engine.Profiler;
                long began = profiler?.Begin() ?? 0;
                Batch batch = _batches.Take();
                profiler?.EndStage("wait for data");
                lossSum += (double)_model.EvaluateLoss(batch) * batch.Size;
                Scores.Add(_model.Probabilities, batch.Labels);
                Slices?.Add(batch, _model.Probabilities);
                Groups?.Add(batch.Labels, _model.Probabilities);
                profiler?.EndStep(began, training: false);
                samples += batch.Size;
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

    /// <summary>Gives the batches' memory back.</summary>
    public void Dispose()
    {
        _batches.Dispose();
        Scores.Dispose();
    }
}
