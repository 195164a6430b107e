using System.Globalization;
using Dlrm.Mpi.Launching;

namespace Dlrm.Cli.Options;

/// <summary>Training by several processes, on one machine or many.</summary>
internal static class RankOptions
{
    public static readonly ToolOption<long> Ranks = new(
        "ranks", OptionGroup.Ranks, new WholeNumber(1, 100_000), 1,
        "processes that train together, each with a part of the tables; mpirun starts them. Under mpirun or srun the option is not needed")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Hosts = new(
        "hosts", OptionGroup.Ranks, new Hosting(), "", "where they run, and how many on each: node1:2,node2:2", "this machine")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> HostFile = new(
        "hostfile", OptionGroup.Ranks, new Text("FILE"), "", "the same from a file, a host a line: node1 slots=2")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Plan = new(
        "plan", OptionGroup.Ranks, new Text("FILE.json"), "",
        "which rank has which table, from dlrm plan", "contiguous runs of tables, as the reference divides them")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> CommunicationType = new(
        "comm-dtype", OptionGroup.Ranks, new Choice("fp32", "bf16", "fp16"), "fp32",
        "in what pooled vectors travel; 16 bits halve the traffic and round")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Deterministic = new(
        "deterministic", OptionGroup.Ranks, new Choice("threads", "ranks"), "threads",
        "threads: the same bits on any number of threads; ranks: also on 1, 2, 4 or 8 ranks, which costs time")
    {
        IsNew = true,
    };

    public static readonly ToolOption<TimeSpan> Timeout = new(
        "comm-timeout", OptionGroup.Ranks, new Duration(), TimeSpan.FromMinutes(5),
        "a rank that waits longer for others that are alive ends the job and names them")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> Elastic = new(
        "elastic", OptionGroup.Ranks, new Flag(), false,
        "with --ranks: when a rank fails, go on with those that are left from the newest checkpoint")
    {
        IsNew = true,
    };

    /// <summary>Those that say how a job is started: ranks themselves have no use for them.</summary>
    public static IReadOnlyList<ToolOption> Launching { get; } = [Hosts, HostFile, Elastic];

    public static IReadOnlyList<ToolOption> All { get; } =
        [Ranks, Hosts, HostFile, Plan, CommunicationType, Deterministic, Timeout, Elastic];

    /// <summary>The hosts that the options name; null for this machine.</summary>
    /// <exception cref="UsageException">Both options are given, or the file is none of hosts.</exception>
    public static HostList? HostsOf(OptionValues values)
    {
        (string hosts, string file) = (values.Get(Hosts), values.Get(HostFile));
        if (hosts.Length > 0 && file.Length > 0)
        {
            throw new UsageException($"{Hosts.Switch}={hosts} and {HostFile.Switch}={file} both say where ranks run: leave one out.");
        }

        if (file.Length == 0)
        {
            return hosts.Length == 0 ? null : HostList.Parse(hosts);
        }

        try
        {
            return HostList.ParseFile(File.ReadLines(file));
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException(
                exception is FormatException ? $"{HostFile.Switch}={file}: expected {exception.Message}." : $"{HostFile.Switch}: {exception.Message}");
        }
    }

    /// <summary>Hosts with their ranks.</summary>
    private sealed record Hosting() : ValueKind<string>("HOST:N,…")
    {
        public override string Parse(string text)
        {
            _ = HostList.Parse(text);
            return text;
        }
    }

    /// <summary>Seconds or minutes.</summary>
    private sealed record Duration() : ValueKind<TimeSpan>("N[s|min]")
    {
        public override TimeSpan Parse(string text)
        {
            bool minutes = text.EndsWith("min", StringComparison.Ordinal);
            string number = minutes ? text[..^3] : text.TrimEnd('s');
            return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value > 0
                ? TimeSpan.FromSeconds(minutes ? 60 * value : value)
                : throw new FormatException("seconds or minutes, such as 60s or 5min");
        }

        public override string Format(TimeSpan value) => value.TotalSeconds % 60 == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{value.TotalMinutes:0}min")
            : string.Create(CultureInfo.InvariantCulture, $"{value.TotalSeconds:0.###}s");
    }
}
