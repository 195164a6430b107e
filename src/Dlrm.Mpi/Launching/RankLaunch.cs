using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Dlrm.Mpi.Monitoring;
using Dlrm.Mpi.Native;

namespace Dlrm.Mpi.Launching;

/// <summary>A job that this process starts and watches: what <c>dlrm train --ranks</c> is before it is ranks.</summary>
/// <remarks>
/// Ctrl-C and SIGTERM are passed to the ranks as SIGUSR1, which launchers hand on and which asks them to end after the
/// step under way and to save; the second one ends the job at once.
/// </remarks>
/// <param name="launcher">What starts ranks.</param>
/// <param name="error">Told what happens.</param>
public sealed class RankLaunch(MpiLauncher launcher, TextWriter error)
{
    /// <summary>The exit code of a command line that makes no sense: starting again would not help.</summary>
    private const int BadUsage = 2;

    /// <summary>Exit codes above: 128 and a signal.</summary>
    private const int SignalBase = 128;

    private int _signals;
    private volatile ProcessGroup? _group;

    /// <summary>Ranks in the job.</summary>
    public required int Ranks { get; init; }

    /// <summary>Where; null for this machine.</summary>
    public HostList? Hosts { get; init; }

    /// <summary>The program that is a rank, and its arguments.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>The same to go on after a failure, with fewer ranks; null where the job just ends then.</summary>
    public IReadOnlyList<string>? GoOn { get; init; }

    /// <summary>The exit code of a job that was asked to end and saved what it had.</summary>
    public required int InterruptedCode { get; init; }

    /// <summary>Runs the job to its end.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        string failures = Path.Combine(Path.GetTempPath(), $"dlrm-failures-{Guid.NewGuid():N}.jsonl");
        PosixSignalRegistration[] registrations =
            [PosixSignalRegistration.Create(PosixSignal.SIGINT, Pass), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Pass)];
        try
        {
            return Run(failures);
        }
        finally
        {
            Array.ForEach(registrations, registration => registration.Dispose());
            File.Delete(failures);
        }
    }

    private int Run(string failures)
    {
        int ranks = Ranks;
        HostList? hosts = Hosts?.Take(ranks);
        string? lost = null;
        IReadOnlyList<string> program = Program;
        while (true)
        {
            int code = RunOnce(ranks, hosts, program, failures);
            if (Volatile.Read(ref _signals) > 0)
            {
                return code > SignalBase ? InterruptedCode : code; // a signal that came before the ranks listened for it
            }

            if (code is 0 or BadUsage || GoOn is null)
            {
                return code;
            }

            RankFailure? failure = Take(failures);
            if (failure is null && lost is not null && hosts is not null)
            {
                // It did not even start again: the host is not there any more.
                hosts = hosts.Without(lost, int.MaxValue);
                ranks = hosts.Slots;
                error.WriteLine($"{lost} does not start ranks; it is left out.");
            }
            else if (failure is null && code < SignalBase)
            {
                return code; // all ranks failed together: fewer would too
            }
            else
            {
                ranks--;
                lost = failure?.Host;
                hosts = lost is null ? hosts?.Take(ranks) : hosts?.Without(lost, 1);
            }

            if (ranks < 1)
            {
                error.WriteLine("No rank is left to go on with.");
                return code;
            }

            error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Going on with {ranks} {(ranks == 1 ? "rank" : "ranks")}{(hosts is null ? "" : $" on {hosts}")} from the newest checkpoint (--elastic)."));
            program = GoOn;
        }
    }

    private int RunOnce(int ranks, HostList? hosts, IReadOnlyList<string> program, string failures)
    {
        var variables = new Dictionary<string, string>
        {
            [LauncherProcess.Variable] = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}@{Environment.MachineName}"),
            [MpiJob.FailureVariable] = failures,
        };
        IEnumerable<string> handed = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("DLRM_", StringComparison.Ordinal) || name.StartsWith("DOTNET_", StringComparison.Ordinal))
            .Union(variables.Keys)
            .Order(StringComparer.Ordinal);
        _group = ProcessGroup.Start(
            launcher.Path, launcher.Arguments(ranks, hosts, handed, program, isRoot: Environment.IsPrivilegedProcess), variables);
        if (Volatile.Read(ref _signals) > 0)
        {
            _ = SystemCalls.Signal(_group.Process, SystemCalls.Terminate); // asked to end before there was anything to end
        }

        return _group.Wait();
    }

    private void Pass(PosixSignalContext context)
    {
        context.Cancel = true;
        bool first = Interlocked.Increment(ref _signals) == 1;
        if (_group is { } group)
        {
            _ = SystemCalls.Signal(group.Process, first ? SystemCalls.UserSignal : SystemCalls.Terminate);
        }
    }

    /// <summary>The failure that ranks of the last run recorded; null for none.</summary>
    private static RankFailure? Take(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        string? line = File.ReadLines(path).FirstOrDefault();
        File.Delete(path);
        return line is null ? null : JsonSerializer.Deserialize(line, RankFailureJson.Default.RankFailure);
    }
}
