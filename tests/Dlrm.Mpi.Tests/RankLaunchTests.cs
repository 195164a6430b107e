using Dlrm.Mpi.Launching;
using Xunit;

namespace Dlrm.Mpi.Tests;

/// <summary>What the launcher does about the end of a job, with a script in mpirun's place that notes how it was called.</summary>
public sealed class RankLaunchTests : IDisposable
{
    private const int Interrupted = 130;

    private readonly string _folder = Directory.CreateTempSubdirectory("dlrm-launch-").FullName;
    private readonly StringWriter _error = new();

    [Fact]
    public void A_job_that_succeeds_is_started_once()
    {
        Assert.Equal(0, Launch("exit 0", elastic: true));
        Assert.Equal(["-np 3 begin"], Calls());
    }

    [Fact]
    public void A_failed_job_is_started_again_with_a_rank_fewer()
    {
        string failure = "{\"Rank\":1,\"Host\":\"b\",\"Cause\":\"gone\",\"Told\":false}";
        Assert.Equal(0, Launch($"case $2 in 3) echo '{failure}' > $DLRM_FAILURE_FILE; exit 1;; esac", elastic: true));
        Assert.Equal(["-np 3 begin", "-np 2 go-on"], Calls());
        Assert.Contains("Going on with 2 ranks from the newest checkpoint", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_lost_a_rank_takes_fewer_and_one_that_starts_none_is_left_out()
    {
        string failure = "{\"Rank\":2,\"Host\":\"b\",\"Cause\":\"gone\",\"Told\":false}";
        Assert.Equal(0, Launch(
            $"case $2 in 3) echo '{failure}' > $DLRM_FAILURE_FILE; exit 137;; 2) exit 1;; esac", elastic: true, HostList.Parse("a:1,b:2")));
        Assert.Equal(["-np 3 --host a:1,b:2 begin", "-np 2 --host a:1,b:1 go-on", "-np 1 --host a:1 go-on"], Calls());
    }

    [Theory]
    [InlineData(1)] // all ranks together: no failure of one was noted
    [InlineData(2)] // the command line makes no sense
    public void What_fewer_ranks_would_not_mend_ends_the_job(int code)
    {
        Assert.Equal(code, Launch($"exit {code}", elastic: true));
        Assert.Single(Calls());
    }

    [Fact]
    public void Without_elastic_a_failure_ends_the_job()
    {
        Assert.Equal(137, Launch("exit 137", elastic: false));
        Assert.Single(Calls());
    }

    [Fact]
    public void When_no_rank_is_left_the_job_ends()
    {
        Assert.Equal(137, Launch("exit 137", elastic: true));
        Assert.Equal(3, Calls().Length);
        Assert.Contains("No rank is left", _error.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The calls, without what is the same in all.</summary>
    private string[] Calls() =>
        [.. File.ReadAllLines(Path.Combine(_folder, "calls")).Select(line => line.Split(" -x ")[0] is var head && line.EndsWith("go-on", StringComparison.Ordinal)
            ? Short(head) + " go-on"
            : Short(head) + " begin")];

    private static string Short(string call) => string.Join(' ', call.Split(' ').Where(word => word is not ("--bind-to" or "none" or "--allow-run-as-root" or "--oversubscribe")));

    private int Launch(string body, bool elastic, HostList? hosts = null)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A shell script stands in mpirun's place.");
        string script = Path.Combine(_folder, "mpirun");
        File.WriteAllText(script, $"#!/bin/sh\necho \"$*\" >> {_folder}/calls\n{body}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return new RankLaunch(new MpiLauncher(script, false), _error)
        {
            Ranks = 3,
            Hosts = hosts,
            Program = ["dlrm", "begin"],
            GoOn = elastic ? ["dlrm", "go-on"] : null,
            InterruptedCode = Interrupted,
        }.Run();
    }
}
