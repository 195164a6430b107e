namespace Dlrm.Checkpoints;

/// <summary>How a run is saved from time to time.</summary>
public sealed record CheckpointOptions
{
    /// <summary>How often; the default is never by itself.</summary>
    public CheckpointInterval Every { get; init; }

    /// <summary>How many are kept: 1 or more (<c>--keep</c>).</summary>
    public int Keep { get; init; } = 3;

    /// <summary>Further files of each checkpoint by name, e.g. the run's options: each is written by its action.</summary>
    public IReadOnlyDictionary<string, Action<Stream>> Files { get; init; } = new Dictionary<string, Action<Stream>>();

    /// <summary>
    /// Called before a checkpoint is written, on the thread that writes it: makes durable what the checkpoint builds on,
    /// e.g. the lines of metrics.jsonl. What it throws fails the checkpoint.
    /// </summary>
    public Action? BeforeWriting { get; init; }

    /// <summary>Tells the time for intervals in seconds; default: the system's.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Told, on the training thread, when a checkpoint could not be written.</summary>
    public Action<string>? Warn { get; init; }
}
