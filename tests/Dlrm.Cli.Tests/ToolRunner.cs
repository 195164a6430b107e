using Dlrm.Cli.Output;

namespace Dlrm.Cli.Tests;

/// <summary>What a command printed, and how it ended.</summary>
internal sealed record Ended(int Code, string Out, string Error)
{
    public string[] Lines => Out.TrimEnd('\n').Split('\n');
}

/// <summary>Runs the tool inside this process, as if its output were redirected.</summary>
internal static class ToolRunner
{
    /// <summary>The reference's smallest example.</summary>
    public static readonly string[] Readme =
    [
        "--arch-mlp-bot=4-3-2", "--arch-mlp-top=4-2-1", "--arch-embedding-size=4-3-2", "--arch-sparse-feature-size=2",
        "--mini-batch-size=2", "--data-size=6", "--print-freq=1", "--num-threads=1",
    ];

    public static Ended Run(params string[] arguments)
    {
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        int code = Tool.Run(arguments, new ToolConsole(output, error, IsTerminal: false));
        return new Ended(code, output.ToString(), error.ToString());
    }
}

/// <summary>A folder that is removed afterwards.</summary>
internal sealed class ScratchFolder(string? parent = null) : IDisposable
{
    public string Path { get; } = parent is null
        ? Directory.CreateTempSubdirectory("dlrm-test-").FullName
        : Directory.CreateDirectory($"{parent}/dlrm-test-{Guid.NewGuid():N}").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>In a file system that is kept in memory, where there is one: for tests that often write through to the disk.</summary>
    public static ScratchFolder InMemory() => new(Directory.Exists("/dev/shm") ? "/dev/shm" : null);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
