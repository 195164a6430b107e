using Dlrm.Checkpoints;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Model;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>What a run does about being cut off: its checkpoints, its best model, and taking up where it stood.</summary>
/// <param name="values">The options.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="resume">What the run goes on from; null for nothing.</param>
/// <param name="isFirst">Whether this process is the rank that looks after the folder.</param>
internal sealed class RunCheckpoints(OptionValues values, RunFolder folder, ResumePoint? resume, bool isFirst)
{
    /// <summary>Keeps the best model; null without --save-best.</summary>
    public BestKeeper? Best { get; } = values.Get(CheckpointingOptions.SaveBest) is { Length: > 0 } metric
        ? new BestKeeper(metric, folder.Best)
        : null;

    /// <summary>metrics.jsonl, with what the run that goes on had written.</summary>
    public MetricsFile OpenMetrics()
    {
        if (resume?.State is null || !isFirst)
        {
            return new MetricsFile(folder.Metrics);
        }

        string before = Path.Combine(resume.Run, Path.GetFileName(folder.Metrics));
        if (!resume.GoesOnHere && File.Exists(before))
        {
            File.Copy(before, folder.Metrics, overwrite: true);
            foreach (string kept in new[] { folder.Best, folder.BestValidation })
            {
                Copy(Path.Combine(resume.Run, Path.GetFileName(kept)), kept);
            }
        }

        return new MetricsFile(folder.Metrics, resume: true);
    }

    /// <summary>Takes the run to its checkpoint, and begins to save it.</summary>
    /// <param name="trainer">The run, before its first step.</param>
    /// <param name="model">Its model, as the checkpoint has it.</param>
    /// <param name="saver">Knows what goes into a saved model.</param>
    /// <param name="metrics">The metrics file.</param>
    /// <param name="warn">Told of checkpoints that could not be written.</param>
    /// <param name="error">Told of checkpoints that are put out of the way.</param>
    public Checkpointer Begin(
        Trainer trainer, DlrmModel model, ModelSaver saver, MetricsFile metrics, Action<string> warn, TextWriter error)
    {
        var store = new CheckpointFolder(folder.Checkpoints);
        var checkpointer = new Checkpointer(model, store, new CheckpointOptions
        {
            Every = values.Get(CheckpointingOptions.Every),
            Keep = values.GetInt(CheckpointingOptions.Keep),
            Files = saver.Files,
            BeforeWriting = metrics.Flush,
            Warn = warn,
        });
        trainer.Checkpointer = checkpointer;
        trainer.Register(metrics);
        if (Best is not null)
        {
            trainer.Register(Best);
            Best.Saver = checkpointer;
        }

        if (isFirst)
        {
            store.Clear();
        }

        if (resume?.State is { } state)
        {
            trainer.Restore(state);
            checkpointer.StartAfter(state.Step);
            foreach (string path in isFirst ? store.SetAsideAfter(state.Step) : [])
            {
                error.WriteLine($"A later checkpoint, which is not used, is now {path}; remove it when you do not need it.");
            }
        }

        return checkpointer;
    }

    /// <summary>The best model so far stays the best one where a run goes on in another folder.</summary>
    private static void Copy(string from, string to)
    {
        if (Directory.Exists(from))
        {
            Directory.CreateDirectory(to);
            foreach (string path in Directory.EnumerateFiles(from))
            {
                File.Copy(path, Path.Combine(to, Path.GetFileName(path)), overwrite: true);
            }
        }
    }
}
