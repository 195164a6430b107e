using System.Diagnostics;
using System.Globalization;
using Dlrm.Mpi.Tests.Ranks;
using Xunit;

namespace Dlrm.Mpi.Tests;

/// <summary>Ranks that fail end the job, with their name, and leave no process behind.</summary>
public sealed class RankFaultTests : IDisposable
{
    private const int Size = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("dlrm-ranks-").FullName;

    [Fact]
    public async Task A_rank_that_throws_is_named_with_its_words()
    {
        using MpiRun run = MpiRun.Start(Size, "loop", _folder, "1");
        string text = await run.End();
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"Rank 1 on {Environment.MachineName}: its data are bad.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("without a word", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("KILL", 0, "is gone without a word: killed")]
    [InlineData("KILL", 2, "is gone without a word: killed")]
    [InlineData("STOP", 0, "it was stopped (SIGSTOP)")]
    [InlineData("STOP", 1, "it was stopped (SIGSTOP)")]
    public async Task A_rank_that_is_killed_or_stopped_is_named(string signal, int rank, string cause)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The state of a process is read from /proc.");
        using MpiRun run = MpiRun.Start(Size, "loop", _folder);
        int[] processes = await Processes(run);
        using (Process kill = Process.Start("kill", [$"-{signal}", processes[rank].ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        string text = await run.End();
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains($"Rank {rank} on {Environment.MachineName} (process {processes[rank]}) ", text, StringComparison.Ordinal);
        Assert.Contains(cause, text, StringComparison.Ordinal);
        Assert.All(processes, process => Assert.False(Directory.Exists($"/proc/{process}") && !IsZombie(process), $"process {process} is left"));
    }

    [Fact]
    public async Task Ranks_that_were_told_different_things_are_named_with_what_differs()
    {
        using MpiRun run = MpiRun.Start(Size, "mismatch");
        string text = await run.End();
        string host = Environment.MachineName;
        Assert.NotEqual(0, run.ExitCode);
        Assert.Equal(
            2, text.Split($"--learning-rate is 0.1 on rank 0 ({host}) but 0.2 on rank 1 ({host}).").Length);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool IsZombie(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true; // gone between the two looks
        }
    }

    /// <summary>The processes of the ranks, when all of them run.</summary>
    private async Task<int[]> Processes(MpiRun run)
    {
        string[] paths = [.. Enumerable.Range(0, Size).Select(rank => Path.Combine(_folder, rank.ToString(CultureInfo.InvariantCulture)))];
        using var watcher = new FileSystemWatcher(_folder) { EnableRaisingEvents = true };
        while (!paths.All(File.Exists))
        {
            await Task.Run(() => watcher.WaitForChanged(WatcherChangeTypes.All, 200), TestContext.Current.CancellationToken);
            Assert.DoesNotContain("Rank", run.Text, StringComparison.Ordinal);
        }

        return [.. paths.Select(path => int.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture))];
    }
}
