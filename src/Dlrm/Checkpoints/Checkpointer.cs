using System.Diagnostics;
using Dlrm.Kernels;
using Dlrm.Model;
using Dlrm.Threading;
using Dlrm.Training;

namespace Dlrm.Checkpoints;

/// <summary>Saves a run in the background, from time to time: steps wait for the snapshot, not for the disk.</summary>
/// <remarks>
/// One checkpoint is written at a time; one that falls due meanwhile is taken as soon as that is done. When one cannot be
/// written, training goes on, whoever listens is told, and the next is tried at its time: those before it stay. A model
/// with a number that is not finite is not saved, so that it cannot push the good ones out.
/// </remarks>
public sealed class Checkpointer : ICheckpointer, IDisposable
{
    private readonly DlrmModel _model;
    private readonly CheckpointFolder _folder;
    private readonly CheckpointOptions _options;
    private readonly long _everyTicks;
    private readonly BackgroundWork _writer = new();
    private readonly SlotMemory _memory;
    private long _lastTime;
    private long _nextStep;
    private long _writtenStep = -1;

    /// <summary>Prepares to save the checkpoints of a run.</summary>
    /// <param name="model">The model that trains.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="options">How often, how many, and what else goes in.</param>
    public Checkpointer(DlrmModel model, CheckpointFolder folder, CheckpointOptions options)
        : this(model, folder, options, new SlotMemory())
    {
    }

    /// <summary>With memory that a test lets run out.</summary>
    internal Checkpointer(DlrmModel model, CheckpointFolder folder, CheckpointOptions options, SlotMemory memory)
    {
        _memory = memory;
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Keep, 1, nameof(options));
        _model = model;
        _folder = folder;
        _options = options;
        _everyTicks = (long)(options.Every.Time.TotalSeconds * options.Clock.TimestampFrequency);
        _nextStep = options.Every.Steps;
        _lastTime = options.Clock.GetTimestamp();
        if (options.Every.Steps > 0 || _everyTicks > 0)
        {
            PrepareMemory();
        }
    }

    /// <summary>Checkpoints written.</summary>
    public int Written { get; private set; }

    /// <summary>True while one is being written.</summary>
    public bool IsWriting => _writer.IsRunning;

    /// <summary>Time that training waited for snapshots, in all.</summary>
    public TimeSpan Paused { get; private set; }

    /// <summary>Bytes of rows that changed while the last checkpoint was written.</summary>
    public long BytesAside { get; private set; }

    /// <summary>Says that a checkpoint of this step is there already, as after resuming.</summary>
    /// <param name="step">The step.</param>
    public void StartAfter(long step)
    {
        _writtenStep = step;
        PlanAfter(step);
    }

    /// <inheritdoc/>
    public bool IsDue(long step)
    {
        if (_writer.IsRunning)
        {
            return false;
        }

        Tell(_writer.TakeFailure());

        return _options.Every.Steps > 0
            ? step >= _nextStep
            : _everyTicks > 0 && _options.Clock.GetTimestamp() - _lastTime >= _everyTicks;
    }

    /// <inheritdoc/>
    public void Save(Trainer trainer)
    {
        TrainerState state = trainer.Save();
        PlanAfter(state.Step);
        SaveInBackground(state, _folder.PathOf(state.Step), contents => SaveStep(state, contents));
    }

    /// <summary>Saves the model of this moment to a folder of its own, in the background, e.g. as the best so far.</summary>
    /// <remarks>It may be called in the middle of a test, so the folder says nothing of where training stands.</remarks>
    /// <param name="path">A new folder, or a saved model, which is replaced.</param>
    public void SaveTo(string path) => SaveInBackground(null, path, contents => ModelFolder.Save(path, contents));

    /// <summary>Saves now and waits for it: for a run that was asked to end. Nothing is done if this step is saved already.</summary>
    /// <param name="trainer">The run, between steps.</param>
    /// <returns>The checkpoint's folder.</returns>
    /// <exception cref="IOException">It could not be saved; those before are untouched.</exception>
    /// <exception cref="InvalidDataException">A parameter is not finite.</exception>
    public string SaveNow(Trainer trainer)
    {
        Finish();
        TrainerState state = trainer.Save();
        if (state.Step != _writtenStep || state.TestPending || _model.Distribution is not null)
        {
            RankedSave? ranks = RankedContents.Begin(_model);
            using (var snapshot = new ModelSnapshot(_model, _memory))
            {
                Write(state, snapshot, _folder.PathOf(state.Step), contents => SaveStep(state, contents), ranks);
            }

            // No rank ends before the checkpoint stands.
            _model.Distribution?.Communicator.Barrier();
        }

        return _folder.PathOf(state.Step);
    }

    /// <summary>Waits until the checkpoint under way is written, and tells if it could not be.</summary>
    public void Finish()
    {
        _writer.Wait();
        Tell(_writer.TakeFailure());
    }

    /// <summary>Waits until the checkpoint under way is written.</summary>
    public void Dispose()
    {
        Finish();
        _memory.Dispose();
    }

    /// <summary>Asks the system for a snapshot's memory before the first one needs it: with 8 million rows it takes a third of a second.</summary>
    private void PrepareMemory() => _writer.Start("dlrm checkpoint", () =>
    {
        try
        {
            SnapshotMemory.Prepare(_model, _memory);
        }
        catch (InsufficientMemoryException)
        {
            // The first snapshot will say so.
        }
    });

    private void PlanAfter(long step)
    {
        _lastTime = _options.Clock.GetTimestamp();
        if (_options.Every.Steps > 0)
        {
            _nextStep = ((step / _options.Every.Steps) + 1) * _options.Every.Steps;
        }
    }

    private void Tell(Exception? failure)
    {
        if (failure is not null)
        {
            _options.Warn?.Invoke(
                $"A checkpoint could not be written: {failure.Message} Training goes on; those before it stand, and the next is tried at its time.");
        }
    }

    private void SaveInBackground(TrainerState? state, string path, Action<ModelContents> save)
    {
        Finish();
        long start = Stopwatch.GetTimestamp();
        RankedSave? ranks = RankedContents.Begin(_model);
        try
        {
            var snapshot = new ModelSnapshot(_model, _memory);
            _writer.Start("dlrm checkpoint", () =>
            {
                using (snapshot)
                {
                    Write(state, snapshot, path, save, ranks);
                }
            });
        }
        catch (InsufficientMemoryException exception)
        {
            ranks?.Fail(path, exception.Message);
            Tell(exception);
        }

        Paused += Stopwatch.GetElapsedTime(start);
    }

    private void Write(
        TrainerState? state, ModelSnapshot snapshot, string path, Action<ModelContents> save, RankedSave? ranks)
    {
        try
        {
            _options.BeforeWriting?.Invoke();
        }
        catch (Exception exception) when (ranks is not null)
        {
            ranks.Fail(path, exception.Message);
            throw;
        }

        save(new ModelContents
        {
            ConfigJson = _model.Config.ToJson(),
            Tensors = snapshot.Tensors,
            OptimizerTensors = snapshot.OptimizerTensors,
            StateJson = state?.ToJson(),
            Files = _options.Files,
            RequireFinite = true,
            Ranks = ranks,
        });
        BytesAside = snapshot.BytesAside;
    }

    private void SaveStep(TrainerState state, ModelContents contents)
    {
        _folder.Save(state.Step, contents, _options.Keep);
        _writtenStep = state.TestPending ? -1 : state.Step;
        Written++;
    }
}
