namespace Dlrm.Cli.Options;

/// <summary>What <c>dlrm tune</c> takes besides the options of a run.</summary>
internal static class TuneOptions
{
    public static readonly ToolOption<long> Budget = new(
        "budget", OptionGroup.Training, new WholeNumber(1, 100_000), 27,
        "settings to try; a third of them goes on to each of two further rounds with three times the steps")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> Seeds = new(
        "seeds", OptionGroup.Training, new WholeNumber(1, 100), 3,
        "trainings of each setting in the last round, with consecutive seeds from --numpy-rand-seed on")
    {
        IsNew = true,
    };
}
