namespace Dlrm.Cli.Options;

/// <summary>Every option there is.</summary>
internal static class OptionCatalog
{
    /// <summary>The options of <c>dlrm train</c>: the reference's, and ours.</summary>
    public static IReadOnlyList<ToolOption> Train { get; } =
    [
        .. ModelOptions.Architecture, .. ModelOptions.Quantization, .. ModelOptions.Losses, .. DataOptions.All, .. DataSetOptions.Reading,
        .. AccuracyOptions.Data, .. AccuracyOptions.Training, .. TrainOptions.Training, .. TrainOptions.Testing, SeeingOptions.Slices,
        .. TrainOptions.Printing, .. RunOptions.Files, .. CheckpointingOptions.All,
        .. RunOptions.Machine, .. RankOptions.All,
    ];

    /// <summary>The heading of a group in the help.</summary>
    public static string Title(OptionGroup group) => group switch
    {
        OptionGroup.Model => "Model",
        OptionGroup.Loss => "Loss",
        OptionGroup.Data => "Data",
        OptionGroup.RandomData => "Random data",
        OptionGroup.Training => "Training",
        OptionGroup.Testing => "Tests",
        OptionGroup.Printing => "Printing",
        OptionGroup.Files => "Files",
        OptionGroup.Machine => "Machine",
        OptionGroup.Ranks => "Several processes",
        OptionGroup.Serve => "Serving",
        OptionGroup.Bench => "Benchmark",
        OptionGroup.Plan => "Plan",
        OptionGroup.Trace => "Traces",
        OptionGroup.Generate => "Generating",
        OptionGroup.Preprocess => "Preprocessing",
        OptionGroup.Columns => "Columns",
        OptionGroup.Predict => "Predicting",
        _ => throw new ArgumentOutOfRangeException(nameof(group)),
    };
}
