using System.Diagnostics;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Serving.Metrics;

namespace Dlrm.Serving.Batching;

/// <summary>One engine and the thread that feeds it: takes requests from the queue, scores them together, hands scores back.</summary>
internal sealed class InferenceWorker : IDisposable
{
    private readonly DlrmModel _model;
    private readonly ScoreQueue _queue;
    private readonly BatchMetrics _metrics;
    private readonly ScoreCounts _counts;
    private readonly int _maxBatch;
    private readonly Batch _merged;
    private readonly List<PendingScore> _taken = [];
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="model">Its model, with the engine; owned from now on.</param>
    /// <param name="queue">Shared with other workers.</param>
    /// <param name="maxBatch">Rows of a batch.</param>
    /// <param name="metrics">Shared with other workers.</param>
    /// <param name="counts">Of this worker alone.</param>
    public InferenceWorker(DlrmModel model, ScoreQueue queue, int maxBatch, BatchMetrics metrics, ScoreCounts counts)
    {
        _model = model;
        _queue = queue;
        _maxBatch = maxBatch;
        _metrics = metrics;
        _counts = counts;
        _merged = new Batch(model.Config.DenseFeatures, model.Config.TableRows.Count);
        _thread = new Thread(Work) { IsBackground = true, Name = "dlrm engine" };
        _thread.Start();
    }

    /// <summary>Waits for the thread, which ends when its queue is closed and empty, and gives the memory back.</summary>
    public void Dispose()
    {
        _thread.Join();
        _merged.Dispose();
        _model.Dispose();
        _model.Engine.Dispose();
    }

    private void Work()
    {
        while (_queue.Take(_taken, _maxBatch))
        {
            try
            {
                Score();
            }
#pragma warning disable CA1031 // The requests are told; the engine lives on for others.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                foreach (PendingScore request in _taken)
                {
                    request.Fail(exception);
                }
            }
        }
    }

    private void Score()
    {
        long began = Stopwatch.GetTimestamp();
        foreach (PendingScore request in _taken)
        {
            _metrics.Wait.Observe(Stopwatch.GetElapsedTime(request.Since, began).TotalSeconds);
        }

        Batch rows = _taken[0].Rows;
        if (_taken.Count > 1)
        {
            BatchMerge.Fill(_merged, _taken);
            rows = _merged;
        }

        ReadOnlySpan<float> scores = _taken[0].Shared is { } shared
            ? _model.PredictShared(rows, shared.Tables, shared.Dense)
            : _model.Predict(rows);
        _metrics.BatchRows.Observe(rows.Size);
        _metrics.Compute.Observe(Stopwatch.GetElapsedTime(began).TotalSeconds);
        _counts.Add(scores);
        int row = 0;
        foreach (PendingScore request in _taken)
        {
            scores.Slice(row, request.Count).CopyTo(request.Scores);
            row += request.Count;
            request.Complete();
        }
    }
}
