namespace Dlrm.Cli.Commands;

/// <summary>How the program ends.</summary>
internal static class ExitCode
{
    /// <summary>It did what it was asked to.</summary>
    public const int Done = 0;

    /// <summary>It could not: data that cannot be read, a loss that is not finite, a full disk.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int BadUsage = 2;

    /// <summary>Ctrl-C or a request to end; what was trained is saved.</summary>
    public const int Interrupted = 130;
}
