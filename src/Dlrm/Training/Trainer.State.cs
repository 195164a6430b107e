using System.Text.Json.Nodes;

namespace Dlrm.Training;

/// <content>Where a run stands: saved, restored, taken over from elsewhere.</content>
public sealed partial class Trainer
{
    /// <summary>Adds a part of the run whose memory belongs to its checkpoints; before <see cref="Restore"/> and the run.</summary>
    /// <param name="part">The part.</param>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public void Register(ITrainingState part)
    {
        if (_parts.Exists(other => other.Name == part.Name))
        {
            throw new ArgumentException($"There are two parts '{part.Name}' with a state.", nameof(part));
        }

        _parts.Add(part);
    }

    /// <summary>Where the run stands: between two steps, or after its end.</summary>
    public TrainerState Save()
    {
        var parts = new JsonObject();
        foreach (ITrainingState part in Parts)
        {
            if (part.Save() is { } state)
            {
                parts[part.Name] = state;
            }
        }

        return new TrainerState
        {
            Step = _step,
            ModelStep = _model.StepNumber,
            ModelSeed = _model.RandomSeed,
            Samples = _samples,
            Epoch = _epoch,
            Iteration = _iteration,
            BatchesPerEpoch = _batchesPerEpoch,
            SamplesPerEpoch = _samplesPerEpoch,
            TestPending = _testPending,
            DataPosition = _batches.SavePosition(),
            Interval = _interval.Sums,
            TrainingSeconds = TrainingTime.TotalSeconds,
            IntervalBegun = _interval.Begun.TotalSeconds,
            BestAccuracy = _bestAccuracy,
            BestAuc = _bestAuc,
            Last = _last,
            Best = _best,
            LastInterval = _lastInterval,
            WarnedOfNonFinite = _warnedOfNonFinite,
            Parts = parts,
        };
    }

    /// <summary>Goes on from where a run stood: with the model and optimizer state of that moment, <see cref="Run"/> does
    /// what the other run would have done.</summary>
    /// <param name="state">What <see cref="Save"/> gave.</param>
    /// <exception cref="ArgumentException">The data of that run have another size, or stand where these cannot.</exception>
    public void Restore(TrainerState state)
    {
        if (state.BatchesPerEpoch != _batchesPerEpoch || state.SamplesPerEpoch != _samplesPerEpoch)
        {
            throw new ArgumentException(
                $"The checkpoint's run has {state.BatchesPerEpoch} steps and {state.SamplesPerEpoch} samples an epoch, this one "
                + $"{_batchesPerEpoch} and {_samplesPerEpoch}: go on with the same data and batch size.",
                nameof(state));
        }

        _batches.RestorePosition(state.DataPosition);
        (_model.StepNumber, _model.RandomSeed) = (state.ModelStep, state.ModelSeed);
        (_step, _samples, _epoch, _iteration) = (state.Step, state.Samples, state.Epoch, state.Iteration);
        _testPending = state.TestPending && Evaluator is not null;
        _interval.Sums = state.Interval;
        _timeBefore = TimeSpan.FromSeconds(state.TrainingSeconds);
        _interval.Begun = TimeSpan.FromSeconds(state.IntervalBegun);
        (_bestAccuracy, _bestAuc, _last, _best) = (state.BestAccuracy, state.BestAuc, state.Last, state.Best);
        (_lastInterval, _warnedOfNonFinite) = (state.LastInterval, state.WarnedOfNonFinite);
        foreach (ITrainingState part in Parts)
        {
            if (state.Parts[part.Name] is { } saved)
            {
                part.Restore(saved);
            }
        }
    }

    /// <summary>Goes on where another program's run stood, with its model and optimizer state: batches that were done are read,
    /// so that sources stand where reading them leaves them, and left out. Before the run.</summary>
    /// <param name="start">Where it stood.</param>
    /// <param name="stop">Ends the reading.</param>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public void StartAfter(TrainingStart start, CancellationToken stop = default)
    {
        bool isOver = start.Epoch >= _options.Epochs;
        _epoch = isOver ? _options.Epochs - 1 : start.Epoch;
        _iteration = isOver ? _batchesPerEpoch : Math.Min(start.Iteration, _batchesPerEpoch);
        for (int epoch = 0; epoch < _epoch; epoch++)
        {
            _ = ReadAway(1, stop); // Batch 0 begins a pass; what follows in it leaves nothing behind.
        }

        bool isComplete = _iteration == _batchesPerEpoch;
        long samples = ReadAway(isComplete ? 1 : _iteration, stop);
        _samples = (_epoch * _samplesPerEpoch) + (isComplete ? _samplesPerEpoch : samples);
        _step = ((long)_epoch * _batchesPerEpoch) + _iteration;
        _model.StepNumber = UpdateNumber(_epoch, _iteration) - 1;
        _bestAccuracy = start.BestAccuracy;
        _interval.Sums = new IntervalSums(start.LossSum, 0, 0, 0);
    }

    /// <summary>Reads batches from 0 on for nobody; gives their samples.</summary>
    private long ReadAway(int batches, CancellationToken stop)
    {
        long samples = 0;
        _batches.Start(0, batches);
        for (int index = 0; index < batches; index++)
        {
            if (stop.IsCancellationRequested)
            {
                _batches.Cancel();
                stop.ThrowIfCancellationRequested();
            }

            samples += _batches.Take().WholeSize;
            _batches.Release();
        }

        return samples;
    }

    /// <summary>Between two updates it waits: gradients that are being summed are in no checkpoint.</summary>
    private void CheckpointIfDue()
    {
        if (Checkpointer is { } checkpointer && _model.AccumulatedBatches == 0
            && (_model.Parallel?.CheckpointAgreed ?? checkpointer.IsDue(_step)))
        {
            checkpointer.Save(this);
        }
    }
}
