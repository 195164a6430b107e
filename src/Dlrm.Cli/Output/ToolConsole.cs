namespace Dlrm.Cli.Output;

/// <summary>Where the tool prints: results to <see cref="Out"/>, all else to <see cref="Error"/>.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="IsTerminal">True when a person watches standard output.</param>
internal sealed record ToolConsole(TextWriter Out, TextWriter Error, bool IsTerminal)
{
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
        // One write a line, at once: a script that follows the output sees each line when it is printed.
        var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 4096) { AutoFlush = true };
        return new ToolConsole(output, Console.Error, !Console.IsOutputRedirected)
        {
            IsErrorTerminal = !Console.IsErrorRedirected,
            Width = TerminalWidth,
        };
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
