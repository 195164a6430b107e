namespace Dlrm.Cli.Options;

/// <summary>What makes models better than the reference's recipe: the options of docs/accuracy.md.</summary>
internal static class AccuracyOptions
{
    public const string Tuned = "tuned";

    public static readonly ToolOption<string> Recipe = new(
        "recipe", OptionGroup.Training, new Choice("reference", Tuned), "reference",
        "what options that are not given are set to: the reference's defaults, or settings chosen on held-out click data "
        + "(docs/accuracy.md)")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> MinFrequency = new(
        "min-frequency", OptionGroup.Data, new WholeNumber(0), 0,
        "categories that fewer training samples have share one row of their table with unseen ones", "0, each has its own")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> NumbersAsCategories = new(
        "numbers-as-categories", OptionGroup.Data, new Flag(), false,
        "whole numbers are categories too, in a table each: values by themselves, or where there are many by ln(v)²")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> Standardize = new(
        "standardize", OptionGroup.Data, new Flag(), false,
        "dense features have mean 0 and deviation 1 over the training samples; the embedded sample's always do")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> TestFraction = new(
        "test-fraction", OptionGroup.Data, new Number(0, 0.9), 0,
        "share of a text file's last rows to test on; all before them are for training", "half of the last of seven days")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> ValidationFraction = new(
        "validation-fraction", OptionGroup.Testing, new Number(0, 0.9), 0,
        "share of the last training samples to hold out: tests are on them, the test samples are scored once at the end")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> ValidationSplit = new(
        "validation-split", OptionGroup.Testing, new Text("NAME"), "",
        "the part of a data set folder that is held out, as --validation-fraction does where rows are read from a text file")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> EarlyStopping = new(
        "early-stopping", OptionGroup.Training, new Patience(), 0,
        "training ends after so many tests that were no better (2 where N is left out), and the best model is kept", "0, never")
    {
        IsNew = true,
    };

    public static readonly ToolOption<PlateauRule> ReduceOnPlateau = new(
        "reduce-on-plateau", OptionGroup.Training, new PlateauKind(), PlateauRule.Never,
        "the learning rates are multiplied by X after N tests (1 where it is left out) that were no better", "never")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> EmbeddingL2 = new(
        "embedding-l2", OptionGroup.Training, new Number(0), 0,
        "so much of a looked-up row is added to its gradient, once a step")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> EmbeddingBound = new(
        "embedding-init", OptionGroup.Model, new Number(0), 0,
        "first values of a table of E rows are uniform within the smaller of this and 1/√E", "0, 1/√E")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> AverageWeights = new(
        "average-weights", OptionGroup.Training, new Number(0, 0.999999), 0,
        "decay of a moving average of all parameters, e.g. 0.99: tests are with it, and it is the model in the end", "0, none")
    {
        IsNew = true,
    };

    /// <summary>True when some samples are held out of training.</summary>
    public static bool HoldsOut(OptionValues values) =>
        DataSetOptions.NamesFolder(values) ? values.Get(ValidationSplit).Length > 0 : values.Get(ValidationFraction) > 0;

    /// <summary>Those that decide which samples there are and what their categories mean; evaluate takes them too.</summary>
    public static IReadOnlyList<ToolOption> Data { get; } = [MinFrequency, NumbersAsCategories, Standardize, TestFraction, ValidationFraction, ValidationSplit];

    public static IReadOnlyList<ToolOption> Training { get; } =
        [Recipe, EarlyStopping, ReduceOnPlateau, EmbeddingL2, EmbeddingBound, AverageWeights];
}
