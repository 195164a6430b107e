using System.Globalization;
using Dlrm.Cli.Options;

namespace Dlrm.Cli.Running;

/// <summary>The folder that receives what a run leaves behind.</summary>
internal sealed class RunFolder
{
    private readonly string _own; // what one process writes

    private RunFolder(string path, string? own = null)
    {
        Path = path;
        _own = own ?? path;
    }

    /// <summary>As named, or runs/ and the time.</summary>
    public string Path { get; }

    public string Config => System.IO.Path.Combine(_own, "config.json");

    public string Metrics => System.IO.Path.Combine(_own, "metrics.jsonl");

    public string Model => System.IO.Path.Combine(Path, "model");

    /// <summary>The best model so far while early stopping waits for a better one; gone when the run is done.</summary>
    public string BestValidation => System.IO.Path.Combine(Path, "best-validation");

    public string Profile => System.IO.Path.Combine(_own, "profile.txt");

    public string Trace => System.IO.Path.Combine(_own, "trace.json");

    public string Graph => System.IO.Path.Combine(_own, "model.svg");

    public string Best => System.IO.Path.Combine(Path, "best");

    public string Checkpoints => System.IO.Path.Combine(Path, "checkpoints");

    public string Curves => System.IO.Path.Combine(_own, "curves.json");

    public string MlperfLog => System.IO.Path.Combine(_own, "mllog.txt");

    public string Report => System.IO.Path.Combine(_own, "report.html");

    /// <summary>The folder of --output-dir, or a new one; not made yet.</summary>
    public static RunFolder Of(OptionValues values, TimeProvider clock)
    {
        string named = values.Get(RunOptions.OutputDirectory);
        return new RunFolder(named.Length > 0 ? named : Unused(clock));
    }

    /// <summary>
    /// The folder of a run as a rank sees it that is not the first: models and checkpoints, which all ranks write together, are
    /// the run's; what the first rank alone shall write goes to a folder that <see cref="Remove"/> removes.
    /// </summary>
    /// <param name="path">The run's folder.</param>
    /// <param name="own">The other; it is there.</param>
    public static RunFolder OfRank(string path, string own) => new(path, own);

    /// <summary>Removes what belongs to this process alone; nothing where that is the run's folder itself.</summary>
    public void Remove()
    {
        if (_own != Path)
        {
            Directory.Delete(_own, recursive: true);
        }
    }

    /// <summary>Makes it.</summary>
    /// <exception cref="UsageException">It cannot be made.</exception>
    public void Create()
    {
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--output-dir={Path} cannot be made: {exception.Message}");
        }
    }

    /// <summary>runs/yyyyMMdd-HHmmss, with a number after it when several runs start in a second.</summary>
    private static string Unused(TimeProvider clock)
    {
        string time = clock.GetLocalNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        string path = System.IO.Path.Combine("runs", time);
        for (int number = 2; Directory.Exists(path); number++)
        {
            path = System.IO.Path.Combine("runs", string.Create(CultureInfo.InvariantCulture, $"{time}-{number}"));
        }

        return path;
    }
}
