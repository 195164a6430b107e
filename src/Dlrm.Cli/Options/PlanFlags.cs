using System.Globalization;
using Dlrm.Cli.Planning;

namespace Dlrm.Cli.Options;

/// <summary>Options of <c>dlrm plan</c>.</summary>
internal static class PlanFlags
{
    public static readonly ToolOption<long> Ranks = new(
        "ranks", OptionGroup.Plan, new WholeNumber(1, 1 << 20), 0, "processes to divide the tables among", "")
    { IsNew = true };

    public static readonly ToolOption<long> Hosts = new(
        "hosts", OptionGroup.Plan, new HostCount(), 1, "machines they run on, as many ranks on each: a number, or a list as dlrm train takes it")
    { IsNew = true };

    public static readonly ToolOption<long> MemoryPerRank = new(
        "memory-per-rank", OptionGroup.Plan, new ByteSize(), 0, "memory that a rank may use, such as 64G", "the machine's over its ranks")
    { IsNew = true };

    public static readonly ToolOption<double> Network = new(
        "network", OptionGroup.Plan, new NetworkSpeed(), 25, "between hosts, such as 25Gbit", "25Gbit, or what --machine says")
    { IsNew = true };

    public static readonly ToolOption<string> Stats = new(
        "stats", OptionGroup.Plan, new Text("DIR"), "",
        "a data set folder: rows of the tables, lookups and how uneven they are come from its training part", "as --skew and --lookups say")
    { IsNew = true };

    public static readonly ToolOption<string> Preset = new(
        "preset", OptionGroup.Plan, new Choice([.. PlanPreset.All.Select(preset => preset.Name)]), "",
        string.Join("; ", PlanPreset.All.Select(preset => $"{preset.Name}: {preset.Summary}")), "the model that the other options name")
    { IsNew = true };

    public static readonly ToolOption<IReadOnlyList<double>> Lookups = new(
        "lookups", OptionGroup.Plan, new Numbers(), [],
        "lookups of an average bag, one number for all tables or one a table, such as 1-20-1", "the preset's, or those of random data")
    { IsNew = true };

    public static readonly ToolOption<double> Skew = new(
        "skew", OptionGroup.Plan, new Number(0, 10), 0,
        "without --stats: the r-th most used row gets a share of about 1/r^X, and rows are numbered by their use; 0 for all alike",
        "the preset's, or 0")
    { IsNew = true };

    public static readonly ToolOption<string> Machine = new(
        "machine", OptionGroup.Plan, new Text("FILE.json"), "", "the hosts' speeds, as --write-machine wrote them", "measured here, in some seconds")
    { IsNew = true };

    public static readonly ToolOption<string> WriteMachine = new(
        "write-machine", OptionGroup.Plan, new Text("FILE.json"), "", "keep what was measured, for --machine")
    { IsNew = true };

    public static readonly ToolOption<long> CoresPerHost = new(
        "cores-per-host", OptionGroup.Plan, new WholeNumber(1, 4096), 0, "cores of a host", "as measured")
    { IsNew = true };

    public static readonly ToolOption<bool> Check = new(
        "check", OptionGroup.Plan, new Flag(), false,
        "also train some steps here, ranks as threads of this process, and print what they took beside the prediction; the model must fit")
    { IsNew = true };

    public static readonly ToolOption<string> Output = new(
        "output", OptionGroup.Plan, new Text("FILE.json"), "plan.json", "the plan, for dlrm train --plan")
    { IsNew = true };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ToolOption> All { get; } =
        [Ranks, Hosts, MemoryPerRank, Network, Preset, Stats, Lookups, Skew, Machine, WriteMachine, CoresPerHost, Check, Output];

    /// <summary>A number of hosts, or their names.</summary>
    private sealed record HostCount() : ValueKind<long>("H")
    {
        public override long Parse(string text) =>
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                ? number is >= 1 and <= 1 << 20 ? number : throw new FormatException("a number of hosts, 1 or more")
                : text.Split(',').Select(host => host.Split(':')[0]).Distinct().Count();
    }
}
