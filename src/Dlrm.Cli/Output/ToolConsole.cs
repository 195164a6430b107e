namespace Dlrm.Cli.Output;

/// <summary>Where the tool prints: results to <see cref="Out"/>, all else to <see cref="Error"/>.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="IsTerminal">True when a person watches standard output.</param>
internal sealed record ToolConsole(TextWriter Out, TextWriter Error, bool IsTerminal)
{
    /// <summary>The process's own.</summary>
    public static ToolConsole System()
    {
        // One write a line, at once: a script that follows the output sees each line when it is printed.
        var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 4096) { AutoFlush = true };
        return new ToolConsole(output, Console.Error, !Console.IsOutputRedirected);
    }
}
