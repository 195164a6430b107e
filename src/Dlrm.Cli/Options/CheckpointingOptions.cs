using Dlrm.Checkpoints;

namespace Dlrm.Cli.Options;

/// <summary>How a run is saved on the way, and gone on with.</summary>
internal static class CheckpointingOptions
{
    /// <summary>What <c>--resume</c> without a folder stands for.</summary>
    public const string Newest = "newest";

    public static readonly ToolOption<CheckpointInterval> Every = new(
        "checkpoint-every", OptionGroup.Files, new Interval(), default,
        "saves all that --resume needs, in the background, in checkpoints/ of the output folder", "only when interrupted")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> Keep = new(
        "keep", OptionGroup.Files, new WholeNumber(1), 3, "checkpoints that are kept: the newest")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> SaveBest = new(
        "save-best", OptionGroup.Files, new Choice("auc", "loss", "accuracy"), "",
        "keeps the model of the test that is best by this, in best/ of the output folder")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Resume = new(
        "resume", OptionGroup.Files, new OptionalText("DIR", Newest), "",
        "goes on with a run, to the bit as if it had never stopped: that of a folder (or a checkpoint in it), of --output-dir, "
        + "or the newest in runs/; its newest sound checkpoint is used")
    {
        IsNew = true,
    };

    public static IReadOnlyList<ToolOption> All { get; } = [Every, Keep, SaveBest, Resume];

    /// <summary>Steps, seconds or minutes.</summary>
    private sealed record Interval() : ValueKind<CheckpointInterval>("N[steps|s|min]")
    {
        public override CheckpointInterval Parse(string text) => CheckpointInterval.Parse(text);

        public override string Format(CheckpointInterval value) => value.ToString();
    }
}

/// <summary>A text that may be left out.</summary>
internal sealed record OptionalText(string Placeholder, string Alone) : ValueKind<string>(Placeholder)
{
    public override string? Bare => Alone;

    public override string Parse(string text) => text.Length > 0 ? text : throw new FormatException("some text");
}
