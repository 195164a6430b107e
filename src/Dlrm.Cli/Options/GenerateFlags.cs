namespace Dlrm.Cli.Options;

/// <summary>Options of <c>dlrm generate</c>.</summary>
internal static class GenerateFlags
{
    public static readonly ToolOption<string> Output = new(
        "output", OptionGroup.Generate, new Text("PATH"), "", "the folder or file to make")
    { IsNew = true };

    public static readonly ToolOption<string> Preset = new(
        "preset", OptionGroup.Generate, new Choice("criteo-like"), "criteo-like",
        "13 numbers and 26 categories with the cardinalities of Criteo's Kaggle logs")
    { IsNew = true };

    public static readonly ToolOption<string> Format = new(
        "format", OptionGroup.Generate, new Choice("auto", "dataset", "criteo", "tsv", "parquet"), "auto",
        "a data set folder, Criteo's text, text with a header, or Parquet; auto: by the name, .txt, .tsv or .parquet, else a folder")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> Rows = new(
        "rows", OptionGroup.Generate, new RowCount(), 1_000_000, "how many, such as 10M", "1M")
    { IsNew = true };

    public static readonly ToolOption<double> Skew = new(
        "skew", OptionGroup.Generate, new Number(0, 10), 1.1,
        "exponent of the categories' power law: the r-th most frequent has a share of about 1/r^X; 0 makes all alike")
    { IsNew = true };

    public static readonly ToolOption<long> Seed = new(
        "seed", OptionGroup.Generate, new WholeNumber(0, long.MaxValue), 0, "all rows follow from it")
    { IsNew = true };

    public static readonly ToolOption<long> TableRows = new(
        "table-rows", OptionGroup.Generate, new RowCount(), int.MaxValue, "no category has more different values than this",
        "Criteo's cardinalities, up to 10,131,227")
    { IsNew = true };

    public static readonly ToolOption<double> LabelRate = new(
        "label-rate", OptionGroup.Generate, new Number(0.001, 0.999), 0.256, "share of clicks to aim at")
    { IsNew = true };

    public static readonly ToolOption<double> BestAuc = new(
        "best-auc", OptionGroup.Generate, new Number(0.51, 0.99), 0.8,
        "AUC of a perfect model to aim at; what it came to is printed and kept")
    { IsNew = true };

    public static readonly ToolOption<bool> Overwrite = new(
        "overwrite", OptionGroup.Generate, new Flag(), false, "replace what is there and was made otherwise")
    { IsNew = true };

    public static IReadOnlyList<ToolOption> All { get; } =
        [Output, Preset, Format, Rows, Skew, Seed, TableRows, LabelRate, BestAuc, Overwrite];
}
