using System.Globalization;
using Dlrm.Cli.Options;

namespace Dlrm.Cli.Running;

/// <summary>The folder that receives what a run leaves behind.</summary>
internal sealed class RunFolder
{
    private RunFolder(string path) => Path = path;

    /// <summary>As named, or runs/ and the time.</summary>
    public string Path { get; }

    public string Config => System.IO.Path.Combine(Path, "config.json");

    public string Metrics => System.IO.Path.Combine(Path, "metrics.jsonl");

    public string Model => System.IO.Path.Combine(Path, "model");

    /// <summary>The best model so far while early stopping waits for a better one; gone when the run is done.</summary>
    public string BestValidation => System.IO.Path.Combine(Path, "best-validation");

    public string Profile => System.IO.Path.Combine(Path, "profile.txt");

    public string Trace => System.IO.Path.Combine(Path, "trace.json");

    public string Graph => System.IO.Path.Combine(Path, "model.svg");

    public string Best => System.IO.Path.Combine(Path, "best");

    public string Checkpoints => System.IO.Path.Combine(Path, "checkpoints");

    public string Report => System.IO.Path.Combine(Path, "report.html");

    /// <summary>The folder of --output-dir, or a new one; not made yet.</summary>
    public static RunFolder Of(OptionValues values, TimeProvider clock)
    {
        string named = values.Get(RunOptions.OutputDirectory);
        return new RunFolder(named.Length > 0 ? named : Unused(clock));
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
