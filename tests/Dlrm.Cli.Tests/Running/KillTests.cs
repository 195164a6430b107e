using System.Diagnostics;
using System.Globalization;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Running;

/// <summary>A run that is killed again and again ends with the bits of one that was left alone.</summary>
/// <remarks>
/// Two kills in three fall on the n-th step that changes the disk, half-written pieces included; the others come from
/// outside after a number of printed lines, wherever the process then is. None depends on the clock. Two runs are killed side
/// by side. Nearly all of the time is what fifty starts of the tool take; a start goes on to a kill a few dozen steps later.
/// </remarks>
public sealed class KillTests(ITestOutputHelper log) : IDisposable
{
    private const int Kills = 50;
    private const int Lanes = 2;
    private const int Killed = 137;

    private static readonly string Tool = Path.Combine(AppContext.BaseDirectory, "Dlrm.Cli.dll");

    private static readonly string[] Options =
    [
        "train", "--arch-mlp-bot=4-8-4", "--arch-mlp-top=8-1", "--arch-embedding-size=100-50-3", "--arch-sparse-feature-size=4",
        "--mini-batch-size=8", "--data-size=4800", "--nepochs=2", "--print-freq=10", "--test-freq=200", "--round-targets",
        "--loss-function=bce", "--optimizer=adam", "--lr-num-warmup-steps=900", "--save-best=auc", "--num-threads=1",
    ];

    private readonly ScratchFolder _scratch = ScratchFolder.InMemory();

    [Fact]
    public async Task Fifty_kills_change_no_bit()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "SIGKILL.");
        int seed = Environment.TickCount;
        log.WriteLine($"seed {seed}");
        Assert.Equal(ExitCode.Done, ToolRunner.Run([.. Options, $"--output-dir={_scratch["base"]}"]).Code);
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => KillAndGoOn(lane, seed)));
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>Begins runs and kills them, until the kills are used up and the last run has ended.</summary>
    private async Task KillAndGoOn(int lane, int seed)
    {
        var random = new System.Random(seed + lane);
        int kills = 0;
        for (int run = 0; kills < Kills / Lanes; run++)
        {
            string name = $"run{lane}.{run}";
            string folder = _scratch[name];
            while (true)
            {
                bool fromOutside = kills % 3 == 2;
                int n = kills == Kills / Lanes ? 0 : random.Next(1, fromOutside ? 9 : 80);
                (int code, string error) = await RunOnce(folder, n, fromOutside);
                if (code != Killed)
                {
                    Assert.True(code == ExitCode.Done, $"seed {seed}, {name}, kill {kills}: exit code {code}\n{error}");
                    break;
                }

                kills++;
                string newest = Path.Combine(folder, "checkpoints") is var path && Directory.Exists(path)
                    ? string.Join(' ', Directory.GetDirectories(path).Select(Path.GetFileName).Order(StringComparer.Ordinal))
                    : "";
                log.WriteLine($"{name}, kill {kills}, {(fromOutside ? "at line" : "at file step")} {n}; there are: {newest}");
            }

            RequireSame(folder, $"seed {seed}, {name}, after {kills} kills");
            log.WriteLine($"{name} ended after {kills} kills in all: the same bits");
        }
    }

    private void RequireSame(string folder, string when)
    {
        foreach (string file in new[] { "model/model.safetensors", "model/optimizer.safetensors", "best/model.safetensors" })
        {
            Assert.True(
                File.ReadAllBytes(_scratch[$"base/{file}"]).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(folder, file))),
                $"{when}: {file} differs");
        }

        Assert.Equal(
            MetricsComparison.Lines(_scratch["base/metrics.jsonl"]), MetricsComparison.Lines(Path.Combine(folder, "metrics.jsonl")));
    }

    /// <summary>Goes on with the run until it ends or is killed.</summary>
    private static async Task<(int Code, string Error)> RunOnce(string folder, int n, bool fromOutside)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet",
            [Tool, .. Options, $"--output-dir={folder}", "--checkpoint-every=15", "--keep=2", "--resume"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (n > 0 && !fromOutside)
        {
            start.Environment["DLRM_KILL_AT_FILE_STEP"] = n.ToString(CultureInfo.InvariantCulture);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        for (int lines = 1; await process.StandardOutput.ReadLineAsync() is not null; lines++)
        {
            if (fromOutside && lines == n)
            {
                process.Kill();
            }
        }

        await process.WaitForExitAsync();
        return (process.ExitCode, await error);
    }
}
