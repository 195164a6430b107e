using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

/// <summary><c>dlrm predict</c> as a process of its own: pipes, signals, and the commands of its page.</summary>
public sealed class PredictProcessTests(AdultModel model) : IClassFixture<AdultModel>, IDisposable
{
    private static readonly string Tool = Path.Combine(AppContext.BaseDirectory, "Dlrm.Cli.dll");

    private readonly ScratchFolder _scratch = ScratchFolder.InMemory();

    [Fact]
    public async Task Standard_input_gives_what_the_file_gives()
    {
        using Process process = Start("predict", "-", $"--load-model={model.Run}", "--quiet");
        await process.StandardInput.WriteAsync(await File.ReadAllTextAsync(model.Rows));
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        Assert.Equal(["score", .. model.Scores], output.TrimEnd('\n').Split('\n'));
        await process.WaitForExitAsync();
        Assert.Equal(ExitCode.Done, process.ExitCode);
    }

    [Fact]
    public async Task A_reader_that_has_seen_enough_ends_it_without_a_word()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Pipes are others there.");
        using Process process = Start("predict", "-", $"--load-model={model.Run}", "--quiet", "--append");
        Task feeding = Feed(process);
        Assert.Equal(model.Header + ",score", await process.StandardOutput.ReadLineAsync());
        process.StandardOutput.Close();
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal(ExitCode.Done, process.ExitCode);
        await feeding;
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_it_with_130_and_leaves_nothing(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill.");
        using Process process = Start("predict", "-", $"--load-model={model.Run}", $"--output={_scratch["scores.csv"]}", "--quiet");
        Task feeding = Feed(process);
        var partial = new FileInfo(_scratch["scores.csv.partial"]);
        for (; !partial.Exists || partial.Length == 0; partial.Refresh())
        {
            await Task.Yield();
        }

        using (Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        Assert.Contains("Interrupted; ", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        await process.WaitForExitAsync();
        Assert.Equal(ExitCode.Interrupted, process.ExitCode);
        Assert.Empty(Directory.GetFiles(_scratch.Path));
        await feeding;
    }

    [Fact]
    public async Task The_commands_of_its_page_run_as_they_stand()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The page's commands are for a Unix shell.");
        var script = new StringBuilder($"set -e\ndlrm() {{ '{Dotnet}' '{Tool}' \"$@\"; }}\n");
        string[] parts = File.ReadAllText(Path.Combine(Repository.Root, "docs", "predict.md")).Split("```");
        foreach (string part in parts.Where((part, number) => number % 2 == 1 && part.StartsWith("sh\n", StringComparison.Ordinal)))
        {
            script.Append(part["sh\n".Length..]);
        }

        File.WriteAllText(_scratch["page.sh"], script.ToString());
        using var process = Process.Start(new ProcessStartInfo("bash", ["page.sh"])
        {
            WorkingDirectory = _scratch.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        string told = await error;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, told);
        Assert.Matches(@"^name,score\nAnn,0\.9\d+\nBo,0\.0\d+\nCy,0\.\d+\n", output);
        Assert.Contains("refused, as it should be", output, StringComparison.Ordinal);
        Assert.Equal(5, File.ReadAllLines(_scratch["scores.csv"]).Length);
        Assert.True(File.Exists(_scratch["scores.parquet"]));
    }

    public void Dispose() => _scratch.Dispose();

    private static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>Writes rows until nobody reads them.</summary>
    private async Task Feed(Process process)
    {
        string rows = string.Join('\n', model.Lines) + "\n";
        try
        {
            await process.StandardInput.WriteAsync(model.Header + "\n");
            while (!process.HasExited)
            {
                await process.StandardInput.WriteAsync(rows);
            }
        }
        catch (IOException)
        {
            // It has ended.
        }
    }

    private Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(Dotnet, [Tool, .. arguments])
    {
        WorkingDirectory = _scratch.Path,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
