namespace Dlrm.Cli.Options;

/// <summary>The command line asks for something that cannot be done as it is written. Ends with exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
