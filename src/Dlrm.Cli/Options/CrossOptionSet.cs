using Dlrm.Model;

namespace Dlrm.Cli.Options;

/// <summary>The size of the cross network of <c>--arch-interaction-op=dcn</c>.</summary>
internal static class CrossOptionSet
{
    public static readonly ToolOption<long> Layers = new(
        "dcn-num-layers", OptionGroup.Model, new WholeNumber(1, 1000), 3, "with --arch-interaction-op=dcn: cross layers")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> Rank = new(
        "dcn-low-rank-dim", OptionGroup.Model, new WholeNumber(1, 1 << 20), 512,
        "with --arch-interaction-op=dcn: numbers between the two products of a cross layer")
    {
        IsNew = true,
    };

    public static IReadOnlyList<ToolOption> All { get; } = [Layers, Rank];

    /// <summary>The cross network that the options name; null for another interaction.</summary>
    public static CrossOptions? Of(OptionValues values) => values.Get(ModelOptions.Interaction) == "dcn"
        ? new() { Layers = values.GetInt(Layers), Rank = values.GetInt(Rank) }
        : null;

    /// <summary>Options that are given and change nothing.</summary>
    public static IEnumerable<string> WithoutEffect(OptionValues values)
    {
        string interaction = values.Get(ModelOptions.Interaction);
        foreach (ToolOption option in All.Where(option => interaction != "dcn" && values.IsGiven(option)))
        {
            yield return $"{option.Switch} has no effect with --arch-interaction-op={interaction}; it is for dcn.";
        }
    }
}
