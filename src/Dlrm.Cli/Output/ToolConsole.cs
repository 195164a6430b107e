using Dlrm.Mpi.Launching;

namespace Dlrm.Cli.Output;

/// <summary>Where the tool prints: results to <see cref="Out"/>, all else to <see cref="Error"/>.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="IsTerminal">True when a person watches standard output.</param>
internal sealed record ToolConsole(TextWriter Out, TextWriter Error, bool IsTerminal)
{
    /// <summary>What started this process as a rank of a job; null for a process on its own.</summary>
    public LaunchEnvironment? Launch { get; init; }

    /// <summary>Where a rank that fails says so: <see cref="Error"/>, but for ranks that otherwise print nothing.</summary>
    public TextWriter Failures { get; init; } = Error;
    /// <summary>Begins the terminal's line anew, empty.</summary>
    public const string ClearLine = "\r\u001b[K";

    /// <summary>True when a person watches standard error.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>Columns of the terminal now.</summary>
    public Func<int> Width { get; init; } = () => UsualWidth;

    private const int UsualWidth = 80;

    /// <summary>The process's own.</summary>
    public static ToolConsole System()
    {
        LaunchEnvironment? launch = LaunchEnvironment.Detect();
        if (launch is not null)
        {
            // Launchers give ranks pipes that look like terminals; the runtime would print control characters into them.
            Environment.SetEnvironmentVariable("TERM", "dumb");
        }

        // One write a line, at once: a script that follows the output sees each line when it is printed.
        var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 4096) { AutoFlush = true };
        var console = new ToolConsole(output, Console.Error, !Console.IsOutputRedirected && launch is null)
        {
            Launch = launch,
            IsErrorTerminal = !Console.IsErrorRedirected && launch is null,
            Width = TerminalWidth,
        };

        // What is said of a job is said by rank 0.
        return launch is { Rank: > 0 }
            ? console with { Out = TextWriter.Null, Error = TextWriter.Null, Failures = console.Error }
            : console;
    }

    private static int TerminalWidth()
    {
        try
        {
            return Console.WindowWidth > 0 ? Console.WindowWidth : UsualWidth;
        }
        catch (Exception exception) when (exception is IOException or PlatformNotSupportedException)
        {
            return UsualWidth;
        }
    }
}
