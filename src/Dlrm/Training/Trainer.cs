using System.Diagnostics;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Profiling;

namespace Dlrm.Training;

/// <summary>The training loop: the reference's order of steps, prints and tests.</summary>
/// <remarks>
/// Every <see cref="TrainingOptions.PrintFrequency"/> steps, at each test and at an epoch's end the sample-weighted mean
/// loss since the last report goes to the observer. Tests run every <see cref="TrainingOptions.TestFrequency"/> steps and
/// after the last step of an epoch. Between two tests, batches are prefetched; across a test they are not, so sources
/// that share a random state draw in the reference's order.
/// </remarks>
public sealed class Trainer : IDisposable
{
    private readonly DlrmModel _model;
    private readonly TrainingOptions _options;
    private readonly ITrainingObserver _observer;
    private readonly BatchPrefetcher _batches;
    private readonly int _batchesPerEpoch;
    private readonly long _samplesPerEpoch;
    private readonly Stopwatch _trainingTime = new();
    private readonly Interval _interval = new();
    private EvaluationRecord? _last;
    private EvaluationRecord? _best;
    private TrainRecord? _lastInterval;
    private double _bestAccuracy;
    private double? _bestAuc;
    private long _step;
    private long _samples;
    private readonly RunDiagnostics? _diagnostics;
    private bool _warnedOfNonFinite;

    /// <summary>Prepares a run.</summary>
    /// <param name="model">The model, initialised or loaded.</param>
    /// <param name="train">Training samples.</param>
    /// <param name="test">Test samples, or null for no tests.</param>
    /// <param name="options">How to train.</param>
    /// <param name="observer">Whom to tell.</param>
    /// <param name="diagnostics">Watches the run for what is likely wrong; null for nobody.</param>
    public Trainer(
        DlrmModel model,
        IBatchSource train,
        IBatchSource? test,
        TrainingOptions options,
        ITrainingObserver observer,
        RunDiagnostics? diagnostics = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Epochs, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PrintFrequency, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.GradientAccumulation, 1, nameof(options));
        _model = model;
        _options = options;
        _observer = observer;
        _diagnostics = diagnostics;
        _batches = new BatchPrefetcher(train);
        _batchesPerEpoch = options.BatchLimit > 0 ? Math.Min(options.BatchLimit, train.BatchCount) : train.BatchCount;
        _samplesPerEpoch = _batchesPerEpoch == train.BatchCount
            ? train.SampleCount
            : Math.Min(train.SampleCount, train.SampleCount / train.BatchCount * (long)_batchesPerEpoch);
        if (test is not null && options.TestFrequency > 0)
        {
            Evaluator = new Evaluator(model, test, options.BatchLimit);
        }
    }

    /// <summary>The evaluator of the test passes (its scores are those of the last pass), null without tests.</summary>
    public Evaluator? Evaluator { get; }

    /// <summary>Trains.</summary>
    /// <param name="stop">Ends training after the step under way.</param>
    /// <returns>How it ended.</returns>
    /// <exception cref="NonFiniteLossException">By <see cref="NanPolicy.Stop"/>; the model is as before the step.</exception>
    public TrainingResult Run(CancellationToken stop = default)
    {
        _observer.Started(new TrainingPlan(
            _options.Epochs, _batchesPerEpoch, _samplesPerEpoch, Evaluator?.BatchCount ?? 0, _step));
        Warn(_diagnostics?.Started());
        TrainingEnd end = TrainingEnd.Completed;
        for (int epoch = 0; epoch < _options.Epochs && end == TrainingEnd.Completed; epoch++)
        {
            end = RunEpoch(epoch, stop);
        }

        Warn(_diagnostics?.Finished());
        return new TrainingResult
        {
            End = end,
            Steps = _step,
            Samples = _samples,
            TrainingTime = _trainingTime.Elapsed,
            Last = _last,
            Best = _best,
            LastInterval = _lastInterval,
        };
    }

    /// <summary>Gives the batches' memory back.</summary>
    public void Dispose()
    {
        _batches.Dispose();
        Evaluator?.Dispose();
    }

    private TrainingEnd RunEpoch(int epoch, CancellationToken stop)
    {
        int done = 0;
        while (done < _batchesPerEpoch)
        {
            int end = NextTest(done);
            if (!RunSegment(epoch, done, end, stop))
            {
                return TrainingEnd.Interrupted;
            }

            done = end;
            if (TestDue(done))
            {
                try
                {
                    if (Test(epoch, done, stop))
                    {
                        return TrainingEnd.TargetReached;
                    }
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested)
                {
                    // Between two updates the group is finished first: its gradients would be lost.
                    if (_model.AccumulatedBatches == 0)
                    {
                        return TrainingEnd.Interrupted;
                    }
                }
            }
        }

        return TrainingEnd.Completed;
    }

    /// <summary>Steps [first, end) of an epoch; false when asked to stop before its end.</summary>
    private bool RunSegment(int epoch, int first, int end, CancellationToken stop)
    {
        _batches.Start(first, end);
        try
        {
            for (int index = first; index < end; index++)
            {
                if (stop.IsCancellationRequested && _model.AccumulatedBatches == 0)
                {
                    _batches.Cancel();
                    return false;
                }

                _trainingTime.Start();
                Profiler? profiler = _model.Engine.Profiler;
                long began = profiler?.Begin() ?? 0;
                Batch batch = _batches.Take();
                profiler?.EndStage("wait for data");
                Step(epoch, index, batch);
                profiler?.EndStep(began, training: true);
                _batches.Release();
                _trainingTime.Stop();
                _observer.Stepped(_step, _samples);
                bool testDue = TestDue(index + 1);
                if (testDue || (index + 1) % _options.PrintFrequency == 0 || index + 1 == _batchesPerEpoch)
                {
                    Report(epoch, index + 1);
                }
            }
        }
        catch
        {
            _batches.Cancel();
            throw;
        }

        return true;
    }

    private void Step(int epoch, int index, Batch batch)
    {
        if (_diagnostics is { WantsBatches: true })
        {
            Warn(_diagnostics.Observe(batch));
        }

        long update = UpdateNumber(epoch, index);
        float rate = (float)_options.LearningRate.RateAt(update);
        float loss = _model.ForwardLoss(batch);
        if (!float.IsFinite(loss))
        {
            RefuseOrWarn(epoch, index, batch, loss);
        }

        if ((index + 1) % _options.GradientAccumulation == 0 || index + 1 == _batchesPerEpoch)
        {
            _model.BackwardAndUpdate(rate, (float?)_options.SparseLearningRate?.RateAt(update));
        }
        else
        {
            _model.BackwardAndAccumulate();
        }

        _step++;
        _samples += batch.Size;
        _interval.Add(loss, batch.Size, rate);
    }

    /// <summary>The update that a batch belongs to, from 1: what the rates count.</summary>
    private long UpdateNumber(int epoch, int index)
    {
        int batches = _options.GradientAccumulation;
        int updatesPerEpoch = (_batchesPerEpoch + batches - 1) / batches;
        return batches == 1 ? _step + 1 : ((long)epoch * updatesPerEpoch) + (index / batches) + 1;
    }

    private void RefuseOrWarn(int epoch, int index, Batch batch, float loss)
    {
        var failure = new NonFiniteLossException(_step + 1, epoch, index, loss, _model.DescribeActivations(batch));
        if (_options.NanPolicy == NanPolicy.Stop)
        {
            throw failure;
        }

        if (!_warnedOfNonFinite)
        {
            _warnedOfNonFinite = true;
            _observer.Warned(failure.Message);
        }
    }

    private void Report(int epoch, int iteration)
    {
        _lastInterval = _interval.Finish(_step, iteration, _batchesPerEpoch, epoch, _samples, _trainingTime.Elapsed);
        _observer.Trained(_lastInterval);
        Warn(_diagnostics?.Trained(_lastInterval));
    }

    private void Warn(IReadOnlyList<string>? findings)
    {
        foreach (string finding in findings ?? [])
        {
            _observer.Warned(finding);
        }
    }

    /// <summary>Runs a test pass; true when it reached the target.</summary>
    private bool Test(int epoch, int iteration, CancellationToken stop)
    {
        Evaluator evaluator = Evaluator!;
        _observer.Testing(_lastInterval!);
        EvaluationMetrics metrics = evaluator.Run(progress: null, stop);
        bool isBest = _options.BestByAuc
            ? metrics.Auc is { } auc && auc > (_bestAuc ?? 0)
            : metrics.Accuracy > _bestAccuracy;
        _bestAccuracy = Math.Max(_bestAccuracy, metrics.Accuracy);
        if (metrics.Auc is { } defined)
        {
            _bestAuc = Math.Max(_bestAuc ?? 0, defined);
        }

        _last = new EvaluationRecord(
            _step, iteration, _batchesPerEpoch, epoch, metrics, evaluator.Loss, _bestAccuracy, _bestAuc, isBest);
        if (isBest || _best is null)
        {
            _best = _last;
        }

        _observer.Evaluated(_last);
        Warn(_diagnostics?.Evaluated(_last));
        return (_options.StopAtAccuracy > 0 && _bestAccuracy > _options.StopAtAccuracy)
            || (_options.StopAtAuc > 0 && _bestAuc > _options.StopAtAuc);
    }

    private bool TestDue(int iteration) => Evaluator is not null
        && (iteration % _options.TestFrequency == 0 || iteration == _batchesPerEpoch);

    private int NextTest(int done) => Evaluator is null
        ? _batchesPerEpoch
        : (int)Math.Min(_batchesPerEpoch, ((long)done / _options.TestFrequency + 1) * _options.TestFrequency);

    /// <summary>Sums since the last report.</summary>
    private sealed class Interval
    {
        private double _loss;
        private long _samples;
        private int _steps;
        private double _rate;
        private TimeSpan _begun;

        public void Add(float loss, int samples, double rate)
        {
            _loss += (double)loss * samples;
            _samples += samples;
            _steps++;
            _rate = rate;
        }

        public TrainRecord Finish(
            long step, int iteration, int batchesPerEpoch, int epoch, long samples, TimeSpan trainingTime)
        {
            var record = new TrainRecord(
                step,
                iteration,
                batchesPerEpoch,
                epoch,
                _loss / _samples,
                (trainingTime - _begun).TotalMilliseconds / _steps,
                _rate,
                samples);
            (_loss, _samples, _steps, _begun) = (0, 0, 0, trainingTime);
            return record;
        }
    }
}
