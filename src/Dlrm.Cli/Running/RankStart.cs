using System.Globalization;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Mpi.Launching;

namespace Dlrm.Cli.Running;

/// <summary><c>--ranks=N</c>: starts mpirun with this program as N ranks, and waits.</summary>
internal static class RankStart
{
    /// <summary>Starts the job.</summary>
    /// <param name="name">The command.</param>
    /// <param name="values">Its options.</param>
    /// <param name="console">Where to print.</param>
    /// <param name="goOn">Whether <c>--resume</c> goes on with it after a failure.</param>
    /// <returns>The job's exit code.</returns>
    public static int Run(string name, OptionValues values, ToolConsole console, bool goOn)
    {
        int ranks = values.GetInt(RankOptions.Ranks);
        HostList? hosts = RankOptions.HostsOf(values);
        if (hosts is not null && hosts.Slots < ranks)
        {
            throw new UsageException($"{RankOptions.Ranks.Switch}={ranks}, but {hosts} takes {hosts.Slots}: name more hosts, or more ranks on each.");
        }

        bool elastic = values.Get(RankOptions.Elastic);
        if (elastic && !goOn)
        {
            throw new UsageException($"{RankOptions.Elastic.Switch} goes on from a checkpoint; dlrm {name} writes none.");
        }

        if (elastic && values.Get(RunOptions.OutputDirectory).Length == 0)
        {
            // The run that goes on must find the folder.
            values = values.With([new(RunOptions.OutputDirectory, RunFolder.Of(values, TimeProvider.System).Path)]);
        }

        return new RankLaunch(MpiLauncher.Find(), console.Error)
        {
            Ranks = ranks,
            Hosts = hosts,
            Program = [.. Program(), name, .. Arguments(values)],
            GoOn = elastic // a plan is for a number of ranks
                ? [.. Program(), name, .. Arguments(values, but: RankOptions.Plan), $"{CheckpointingOptions.Resume.Switch}={CheckpointingOptions.Newest}"]
                : null,
            InterruptedCode = ExitCode.Interrupted,
        }.Run();
    }

    /// <summary>The options that are given, as each rank takes them.</summary>
    private static IEnumerable<string> Arguments(OptionValues values, ToolOption? but = null) => values.Options
        .Where(option => values.IsGiven(option) && option != but && option != RankOptions.Ranks && !RankOptions.Launching.Contains(option))
        .Select(option => string.Create(CultureInfo.InvariantCulture, $"{option.Switch}={values.Text(option)}"));

    /// <summary>This program as a rank starts it: its own executable, or dotnet and the assembly.</summary>
    private static IReadOnlyList<string> Program()
    {
        string assembly = typeof(RankStart).Assembly.Location;
        string process = Environment.ProcessPath ?? "dotnet";
        return Path.GetFileNameWithoutExtension(process) == Path.GetFileNameWithoutExtension(assembly)
            ? [process]
            : [Path.GetFileNameWithoutExtension(process) == "dotnet" ? process : "dotnet", assembly];
    }
}
