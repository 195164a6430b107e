using System.Diagnostics;
using Dlrm.Data;
using Dlrm.Distributed;
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
public sealed partial class Trainer : IDisposable
{
    private readonly DlrmModel _model;
    private readonly TrainingOptions _options;
    private readonly ITrainingObserver _observer;
    private readonly IBatchSource _part; // this rank's, or the source itself
    private readonly BatchPrefetcher _batches;
    private readonly int _batchesPerEpoch;
    private readonly long _samplesPerEpoch;
    private readonly Stopwatch _trainingTime = new();
    private readonly LossInterval _interval = new();
    private readonly List<ITrainingState> _parts = [];
    private readonly List<FurtherTest> _furtherTests = [];
    private EvaluationRecord? _last;
    private EvaluationRecord? _best;
    private TrainRecord? _lastInterval;
    private double _bestAccuracy;
    private double? _bestAuc;
    private TimeSpan _timeBefore;
    private long _step;
    private long _samples;
    private int _epoch;
    private int _iteration;
    private bool _testPending;
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
        _part = model.PartOf(train);
        _batches = new BatchPrefetcher(_part);
        _batchesPerEpoch = options.BatchLimit > 0 ? Math.Min(options.BatchLimit, train.BatchCount) : train.BatchCount;
        _samplesPerEpoch = _batchesPerEpoch == train.BatchCount
            ? train.SampleCount
            : Math.Min(train.SampleCount, train.SampleCount / train.BatchCount * (long)_batchesPerEpoch);
        if (test is not null && options.TestFrequency > 0)
        {
            Evaluator = new Evaluator(model.Average?.Model ?? model, test, options.BatchLimit);
        }
    }

    /// <summary>The evaluator of the test passes (its scores are those of the last pass), null without tests.</summary>
    public Evaluator? Evaluator { get; }

    /// <summary>The name of the test set in records, where there are further ones; null for none.</summary>
    public string? TestName { get; set; }

    /// <summary>Saves where the run stands from time to time; null for nobody.</summary>
    public ICheckpointer? Checkpointer { get; set; }

    /// <summary>Ends the run when tests get no better, and gives the best parameters back; null for never.</summary>
    public EarlyStopping? EarlyStopping { get; set; }

    /// <summary>Lowers the learning rates when tests get no better; null for never.</summary>
    public PlateauReduction? PlateauReduction { get; set; }

    private TimeSpan TrainingTime => _timeBefore + _trainingTime.Elapsed;

    private IEnumerable<ITrainingState> Parts =>
        new ITrainingState?[] { EarlyStopping, PlateauReduction, _diagnostics }.OfType<ITrainingState>().Concat(_parts);

    private bool TargetReached => (_options.StopAtAccuracy > 0 && _bestAccuracy > _options.StopAtAccuracy)
        || (_options.StopAtAuc > 0 && _bestAuc > _options.StopAtAuc);

    /// <summary>Trains.</summary>
    /// <param name="stop">Ends training after the step under way.</param>
    /// <returns>How it ended.</returns>
    /// <exception cref="NonFiniteLossException">By <see cref="NanPolicy.Stop"/>; the model is as before the step.</exception>
    public TrainingResult Run(CancellationToken stop = default)
    {
        _model.ListenTo(stop);
        _observer.Started(new TrainingPlan(
            _options.Epochs, _batchesPerEpoch, _samplesPerEpoch, Evaluator?.BatchCount ?? 0, _step));
        if (_step == 0)
        {
            Warn(_diagnostics?.Started());
        }

        TrainingEnd end = TargetReached ? TrainingEnd.TargetReached
            : EarlyStopping is { IsOver: true } ? TrainingEnd.StoppedEarly
            : TrainingEnd.Completed;
        while (end == TrainingEnd.Completed)
        {
            end = RunEpoch(stop);
            if (end != TrainingEnd.Completed || _epoch + 1 >= _options.Epochs)
            {
                break;
            }

            (_epoch, _iteration) = (_epoch + 1, 0);
        }

        if (end != TrainingEnd.Interrupted)
        {
            GiveBack();
            Warn(_diagnostics?.Finished());
        }

        return new TrainingResult
        {
            End = end,
            Steps = _step,
            Samples = _samples,
            TrainingTime = TrainingTime,
            Last = _last,
            Best = _best,
            LastInterval = _lastInterval,
        };
    }

    /// <summary>Gives the batches' memory back.</summary>
    public void Dispose()
    {
        _batches.Dispose();
        (_part as RankBatchSource)?.Dispose();
        Evaluator?.Dispose();
        foreach (FurtherTest test in _furtherTests)
        {
            test.Evaluator.Dispose();
        }
    }

    /// <summary>
    /// Adds a further test set, scored in every test pass; it decides nothing. Without tests (<see cref="Evaluator"/> is null)
    /// it is never scored. Before the run.
    /// </summary>
    /// <param name="name">What records call it.</param>
    /// <param name="source">Labelled samples.</param>
    public void AddTest(string name, IBatchSource source)
    {
        if (Evaluator is not null)
        {
            _furtherTests.Add(new FurtherTest(name, new Evaluator(_model.Average?.Model ?? _model, source, _options.BatchLimit)));
        }
    }

    /// <summary>Puts the parameters that were averaged or kept in place of the last ones.</summary>
    private void GiveBack()
    {
        if (EarlyStopping is not null || _model.Average is not null)
        {
            Checkpointer?.Finish();
            _model.Average?.GiveBack();
            EarlyStopping?.Finish();
        }
    }

    /// <summary>The rest of the epoch under way.</summary>
    private TrainingEnd RunEpoch(CancellationToken stop)
    {
        while (true)
        {
            if (_testPending)
            {
                try
                {
                    Test(stop);
                }
                catch (OperationCanceledException exception) when (exception.CancellationToken == stop)
                {
                    // Between two updates the group is finished first: its gradients would be lost.
                    if (_model.AccumulatedBatches == 0)
                    {
                        return TrainingEnd.Interrupted;
                    }
                }

                _testPending = false;
                if (TargetReached)
                {
                    return TrainingEnd.TargetReached;
                }

                CheckpointIfDue();
                if (EarlyStopping is { IsOver: true })
                {
                    return TrainingEnd.StoppedEarly;
                }
            }

            if (_iteration >= _batchesPerEpoch)
            {
                return TrainingEnd.Completed;
            }

            if (!RunSegment(NextTest(_iteration), stop))
            {
                return TrainingEnd.Interrupted;
            }
        }
    }

    /// <summary>The steps up to <paramref name="end"/> of the epoch; false when asked to stop before.</summary>
    private bool RunSegment(int end, CancellationToken stop)
    {
        _batches.Start(_iteration, end);
        try
        {
            while (_iteration < end)
            {
                if (_model.IsStopped(stop) && _model.AccumulatedBatches == 0)
                {
                    _model.AbandonLookups();
                    _batches.Cancel();
                    return false;
                }

                _trainingTime.Start();
                Profiler? profiler = _model.Engine.Profiler;
                long began = profiler?.Begin() ?? 0;
                Batch batch = _batches.Take();
                profiler?.EndStage("wait for data");
                Step(_epoch, _iteration, batch);
                profiler?.EndStep(began, training: true);
                _batches.Release();
                _trainingTime.Stop();
                _iteration++;
                _observer.Stepped(_step, _samples);
                _testPending = TestDue(_iteration);
                if (_testPending || _iteration % _options.PrintFrequency == 0 || _iteration == _batchesPerEpoch)
                {
                    Report(_epoch, _iteration);
                }

                if (!_testPending)
                {
                    CheckpointIfDue();
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

        double scale = PlateauReduction?.Scale ?? 1;
        long update = UpdateNumber(epoch, index);
        float rate = (float)(scale * _options.LearningRate.RateAt(update));
        if (_model.Parallel is { } ranks)
        {
            ranks.CheckpointWanted = Checkpointer?.IsDue(_step + 1) ?? false;
        }

        float loss = _model.ForwardLoss(batch);
        if (_model.Parallel is not null && _batches.Peek() is { } next)
        {
            _model.PrefetchLookups(next);
        }

        if (!float.IsFinite(loss))
        {
            RefuseOrWarn(epoch, index, batch, loss);
        }

        if ((index + 1) % _options.GradientAccumulation == 0 || index + 1 == _batchesPerEpoch)
        {
            _model.BackwardAndUpdate(rate, (float?)(scale * _options.SparseLearningRate?.RateAt(update)));
        }
        else
        {
            _model.BackwardAndAccumulate();
        }

        _step++;
        _samples += batch.WholeSize;
        _interval.Add(loss, batch.WholeSize, rate);
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
        _lastInterval = _interval.Finish(_step, iteration, _batchesPerEpoch, epoch, _samples, TrainingTime);
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

    private void Test(CancellationToken stop)
    {
        Evaluator evaluator = Evaluator!;
        _observer.Testing(_lastInterval!);
        _model.Average?.Refresh();
        EvaluationMetrics metrics = evaluator.Run(progress: null, stop);

        // Nobody is told before all are scored: a pass that is stopped half way is done again.
        EvaluationRecord[] further = [.. _furtherTests.Select(test => Test(test, stop))];
        bool isBest = _options.BestByAuc
            ? metrics.Auc is { } auc && auc > (_bestAuc ?? 0)
            : metrics.Accuracy > _bestAccuracy;
        _bestAccuracy = Math.Max(_bestAccuracy, metrics.Accuracy);
        if (metrics.Auc is { } defined)
        {
            _bestAuc = Math.Max(_bestAuc ?? 0, defined);
        }

        _last = new EvaluationRecord(
            _step, _iteration, _batchesPerEpoch, _epoch, metrics, evaluator.Loss, _bestAccuracy, _bestAuc, isBest)
        { Part = TestName };
        if (isBest || _best is null)
        {
            _best = _last;
        }

        _observer.Evaluated(_last);
        foreach (EvaluationRecord record in further)
        {
            _observer.EvaluatedPart(record);
        }

        EarlyStopping?.Tested(_last, _samples);
        if (PlateauReduction?.Tested(_last) is { } lowered)
        {
            _observer.Warned(lowered);
        }

        Warn(_diagnostics?.Evaluated(_last));
    }

    private EvaluationRecord Test(FurtherTest test, CancellationToken stop)
    {
        EvaluationMetrics metrics = test.Evaluator.Run(progress: null, stop);
        return new EvaluationRecord(
            _step, _iteration, _batchesPerEpoch, _epoch, metrics, test.Evaluator.Loss, metrics.Accuracy, metrics.Auc, IsBest: false)
        {
            Part = test.Name,
        };
    }

    private sealed record FurtherTest(string Name, Evaluator Evaluator);

    private bool TestDue(int iteration) => Evaluator is not null
        && (iteration % _options.TestFrequency == 0 || iteration == _batchesPerEpoch);

    private int NextTest(int done) => Evaluator is null
        ? _batchesPerEpoch
        : (int)Math.Min(_batchesPerEpoch, ((long)done / _options.TestFrequency + 1) * _options.TestFrequency);
}
