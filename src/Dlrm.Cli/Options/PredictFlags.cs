namespace Dlrm.Cli.Options;

/// <summary>Options of <c>dlrm predict</c>.</summary>
internal static class PredictFlags
{
    private const string Told = "auto";

    public static readonly ToolOption<IReadOnlyList<string>> Input = new(
        "input", OptionGroup.Predict, new TextList("FILE"), [],
        "files, folders or patterns of raw rows, plain or packed with gzip or zstd; - is standard input")
    { IsNew = true };

    public static readonly ToolOption<string> Output = new(
        "output", OptionGroup.Predict, new Text("FILE"), "", "where the scores go, packed if it ends in .gz or .zst", "standard output")
    { IsNew = true };

    public static readonly ToolOption<string> InputFormat = new(
        "input-format", OptionGroup.Predict, new Choice(Told, "csv", "tsv", "jsonl", "arrow", "parquet"), Told,
        "what the rows are; auto: told by the first bytes (Criteo's text, which has no header, too)")
    { IsNew = true };

    public static readonly ToolOption<string> OutputFormat = new(
        "output-format", OptionGroup.Predict, new Choice(Told, "csv", "tsv", "jsonl", "arrow", "parquet"), Told,
        "what the scores are; auto: by the name of --output, else csv")
    { IsNew = true };

    public static readonly ToolOption<bool> Append = new(
        "append", OptionGroup.Predict, new Flag(), false, "write each row as it stands, with the score as its last column")
    { IsNew = true };

    public static readonly ToolOption<IReadOnlyList<string>> IdColumns = new(
        "id-columns", OptionGroup.Predict, new Words("COLUMN,…"), [], "columns that stand before the score")
    { IsNew = true };

    public static readonly ToolOption<string> ScoreColumn = new(
        "score-column", OptionGroup.Predict, new Text("NAME"), "score", "what the column of scores is called")
    { IsNew = true };

    public static readonly ToolOption<string> OnBadRow = new(
        "on-bad-row", OptionGroup.Predict, new Choice("error", "null"), "error",
        "a row that cannot be read ends the command, or has an empty score in its place")
    { IsNew = true };

    public static readonly ToolOption<bool> Metrics = new(
        "metrics", OptionGroup.Predict, new Flag(), false, "compare the scores with the labels, and print AUC and the others")
    { IsNew = true };

    public static readonly ToolOption<string> Model = new(
        "load-model", OptionGroup.Predict, new Text("DIR"), "", "the model's folder, or that of its run");

    public static readonly ToolOption<long> BatchSize = new(
        "mini-batch-size", OptionGroup.Predict, new WholeNumber(1, 1 << 20), 1024, "rows the model takes at a time; scores do not depend on it");

    public static IReadOnlyList<ToolOption> All { get; } =
    [
        Model, Input, Output, InputFormat, OutputFormat, Append, IdColumns, ScoreColumn, OnBadRow, Metrics, PreprocessFlags.Delimiter,
        PreprocessFlags.Quote, BatchSize, DataSetOptions.PriorCorrection,
    ];
}
