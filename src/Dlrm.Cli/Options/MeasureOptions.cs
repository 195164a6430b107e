using Dlrm.Cli.Benching;

namespace Dlrm.Cli.Options;

/// <summary>What <c>dlrm bench</c> measures.</summary>
internal static class MeasureOptions
{
    public static readonly ToolOption<string> Preset = new(
        "preset", OptionGroup.Bench, new Choice([.. BenchPreset.All.Select(preset => preset.Name)]), "kaggle",
        string.Join("; ", BenchPreset.All.Select(preset => $"{preset.Name}: {preset.Summary}")))
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> BatchSize = new(
        "mini-batch-size", OptionGroup.Bench, new WholeNumber(0), 0, "samples of a step", "that of the preset");

    public static readonly ToolOption<long> Iterations = new(
        "iters", OptionGroup.Bench, new WholeNumber(0), 0, "timed steps of each kind", "about three seconds' worth")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> Serve = new(
        "serve-rounds", OptionGroup.Bench, new Flag(), false, "time steps on request, for bench/compare")
    {
        IsNew = true,
    };

    public static IReadOnlyList<ToolOption> All { get; } = [Preset, BatchSize, Iterations, Serve];
}
