using System.Diagnostics;
using System.Globalization;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Tests.Golden;
using Xunit;

namespace Dlrm.Cli.Tests;

/// <summary>The built tool as a process: exit codes, streams, signals.</summary>
public sealed class ProcessTests : IDisposable
{
    private static readonly string Tool = Path.Combine(AppContext.BaseDirectory, "Dlrm.Cli.dll");
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void A_run_ends_with_0_and_prints_the_references_lines()
    {
        using Process process = Start(["train", .. ToolRunner.Readme, "--output-dir=out"]);
        Assert.Equal(
            ["Using CPU...", "time/loss/accuracy (if enabled):", .. GoldenCase.Find("readme").Lines],
            process.StandardOutput.ReadToEnd().TrimEnd('\n').Split('\n'));
        process.WaitForExit();
        Assert.Equal(ExitCode.Done, process.ExitCode);
        Assert.True(File.Exists(_scratch["out/model/model.safetensors"]));
    }

    [Fact]
    public void Bad_usage_ends_with_2_and_one_line_that_helps()
    {
        using Process process = Start(["train", "--mini-batch-szie=2"]);
        Assert.Equal(
            "dlrm train: --mini-batch-szie is not an option; did you mean --mini-batch-size?\ndlrm train --help tells the options.\n",
            process.StandardError.ReadToEnd().ReplaceLineEndings("\n"));
        process.WaitForExit();
        Assert.Equal(ExitCode.BadUsage, process.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_with_130_after_saving(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill.");
        using Process process = Start(["train", .. ToolRunner.Readme, "--num-batches=1000000000", "--output-dir=out"]);
        Assert.Equal("Using CPU...", await process.StandardOutput.ReadLineAsync());
        while (await process.StandardOutput.ReadLineAsync() is { } line && !line.StartsWith("Finished training it 3/", StringComparison.Ordinal))
        {
        }

        // Read on, or the run waits for room in the pipe.
        Task<string> rest = process.StandardOutput.ReadToEndAsync();
        using (Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        string error = await process.StandardError.ReadToEndAsync();
        await rest;
        await process.WaitForExitAsync();
        Assert.Equal(ExitCode.Interrupted, process.ExitCode);
        Assert.Contains("Finishing this step and saving", error, StringComparison.Ordinal);
        Assert.Contains("dlrm train --resume=out", error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Assert.Single(Directory.GetDirectories(_scratch["out/checkpoints"])), "model.safetensors")));
        Assert.True(File.Exists(_scratch["out/report.html"]));
    }

    public void Dispose() => _scratch.Dispose();

    private Process Start(string[] arguments) => Process.Start(
        new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet", [Tool, .. arguments])
        {
            WorkingDirectory = _scratch.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
