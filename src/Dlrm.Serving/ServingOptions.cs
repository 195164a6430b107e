namespace Dlrm.Serving;

/// <summary>Which models are served, and how requests share them.</summary>
public sealed record ServingOptions
{
    /// <summary>
    /// A folder with one model: a model folder, a run's folder, or a folder whose sub-folders are versions (whole numbers).
    /// </summary>
    public string? Model { get; init; }

    /// <summary>A folder with one sub-folder a model, each as <see cref="Model"/> describes; its name is the model's.</summary>
    public string? Models { get; init; }

    /// <summary>Rows that are scored at once at most, where requests are put together; a larger request goes alone.</summary>
    public int MaxBatch { get; init; } = 256;

    /// <summary>How long a row may wait for others while an engine is free; zero takes what waits and never idles.</summary>
    public TimeSpan BatchDelay { get; init; }

    /// <summary>Rows that may wait for an engine; a request that finds no room is answered with 429.</summary>
    public int QueueRows { get; init; } = 8192;

    /// <summary>Rows of one request at most.</summary>
    public int MaxRows { get; init; } = 4096;

    /// <summary>How long a request may take where it does not say itself; answered with 504 afterwards.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Engines of a model, each with a thread of its own; 0 for half of the cores.</summary>
    public int Engines { get; init; }

    /// <summary>Threads of an engine: more make a large batch faster, and a small one not.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>How often folders are looked at for new versions; zero for never.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Compare every file of a model with its recorded hash before it is used.</summary>
    public bool VerifyHashes { get; init; } = true;

    internal int EngineCount => Engines > 0 ? Engines : Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Checks that the options make sense.</summary>
    /// <exception cref="ArgumentException">They do not; the message says why.</exception>
    internal void Validate()
    {
        if ((Model is null) == (Models is null))
        {
            throw new ArgumentException("Name either one model (--model=DIR) or a folder of models (--models=DIR).");
        }

        Require(MaxBatch >= 1, $"A batch has 1 row or more; {MaxBatch} were given (--max-batch).");
        Require(MaxRows >= 1, $"A request has 1 row or more; {MaxRows} were given (--max-rows).");
        Require(QueueRows >= MaxRows, $"The queue of {QueueRows} rows (--queue) must hold the largest request, {MaxRows} rows (--max-rows).");
        Require(BatchDelay >= TimeSpan.Zero, "The batch delay cannot be negative (--batch-delay).");
        Require(Timeout > TimeSpan.Zero, "The timeout must be positive (--timeout).");
        Require(Engines >= 0 && Threads >= 1, "Engines (--engines) and their threads (--engine-threads) are 1 or more.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
