namespace Dlrm.Cli.Options;

/// <summary>Options of <c>dlrm preprocess</c>.</summary>
internal static class PreprocessFlags
{
    public const string Generic = "generic";

    public static readonly ToolOption<IReadOnlyList<string>> Input = new(
        "input", OptionGroup.Preprocess, new TextList("FILE"), [],
        "files, folders or patterns such as 'day_*.gz'; - is standard input");

    public static readonly ToolOption<string> Output = new(
        "output", OptionGroup.Preprocess, new Text("DIR"), "", "the data set folder to make");

    public static readonly ToolOption<string> Preset = new(
        "preset", OptionGroup.Preprocess, new Choice(Generic, "criteo-kaggle", "criteo-terabyte"), Generic,
        "columns with a header, or Criteo's logs with the ids, order and parts of the reference");

    public static readonly ToolOption<string> Schema = new(
        "schema", OptionGroup.Columns, new Text("FILE"), "", "schema.json: what the columns are");

    public static readonly ToolOption<bool> InferSchema = new(
        "infer-schema", OptionGroup.Columns, new Flag(), false,
        "look at the first rows, write --schema (schema.json) for you to correct, and stop");

    public static readonly ToolOption<string> Label = new(
        "label", OptionGroup.Columns, new Text("COLUMN"), "", "the column to predict");

    public static readonly ToolOption<IReadOnlyList<string>> Positive = new(
        "positive", OptionGroup.Columns, new Words("VALUE,…"), [],
        "labels that count as 1, every other one as 0", "the label is a number from 0 to 1");

    public static readonly ToolOption<IReadOnlyList<string>> Dense = new(
        "dense", OptionGroup.Columns, new Words("COLUMN,…"), [], "numbers");

    public static readonly ToolOption<string> Transform = new(
        "dense-transform", OptionGroup.Columns,
        new Choice("none", "log1p", "standardize", "min-max", "quantile", "log1p-standardize"), "log1p",
        "how numbers come to scale; schema.json can say it for each column");

    public static readonly ToolOption<bool> Indicator = new(
        "missing-indicator", OptionGroup.Columns, new Flag(), false, "adds a feature to each number: 1 where it is missing");

    public static readonly ToolOption<IReadOnlyList<string>> Missing = new(
        "missing-values", OptionGroup.Columns, new Words("TEXT,…"), [], "texts that mean a missing number, besides the empty one");

    public static readonly ToolOption<IReadOnlyList<string>> Sparse = new(
        "sparse", OptionGroup.Columns, new Words("COLUMN,…"), [], "categories");

    public static readonly ToolOption<IReadOnlyList<string>> MultiHot = new(
        "multi-hot", OptionGroup.Columns, new Words("COLUMN,…"), [], "those of them that hold several values");

    public static readonly ToolOption<string> Separator = new(
        "separator", OptionGroup.Columns, new Text("CHARACTER"), "|", "what stands between the values of a --multi-hot column");

    public static readonly ToolOption<long> MaxLength = new(
        "max-length", OptionGroup.Columns, new WholeNumber(0), 0, "values of a --multi-hot column beyond this many are dropped", "no limit");

    public static readonly ToolOption<long> MinFrequency = new(
        "min-frequency", OptionGroup.Columns, new WholeNumber(1), 1,
        "categories with fewer training rows share row 0 of their table with unseen ones");

    public static readonly ToolOption<long> HashSize = new(
        "hash-size", OptionGroup.Columns, new WholeNumber(0), 0, "rows of every table, by hash, in place of a dictionary", "a dictionary");

    public static readonly ToolOption<string> Weight = new(
        "weight", OptionGroup.Columns, new Text("COLUMN"), "", "weights of the samples in the loss");

    public static readonly ToolOption<string> Group = new(
        "group", OptionGroup.Columns, new Text("COLUMN"), "", "groups of samples, e.g. the user");

    public static readonly ToolOption<string> Split = new(
        "split", OptionGroup.Preprocess, new Text("RULE"), "fraction:0.8",
        "train, test and validation: none; fraction:0.8,0.1,0.1; hash:COLUMN:0.8,0.1; time:COLUMN:0.8; time:COLUMN:T1,T2; "
        + "day:COLUMN (the last day, halved); days:7 (equal ones); file:NAME=PATTERN,NAME=PATTERN");

    public static readonly ToolOption<string> Delimiter = new(
        "delimiter", OptionGroup.Preprocess, new Text("CHARACTER"), "", "between columns", "tab, comma or semicolon, as the header has; tab for Criteo");

    public static readonly ToolOption<string> Quote = new(
        "quote", OptionGroup.Preprocess, new Choice("auto", "double", "none"), "auto",
        "whether columns may stand in double quotes; auto: not in text with tabs");

    public static readonly ToolOption<long> MemoryLimit = new(
        "memory-limit", OptionGroup.Preprocess, new ByteSize(), 0,
        "memory for vocabularies, such as 2GB; what is beyond goes to disk and is merged", "half of the machine's");

    public static readonly ToolOption<bool> Overwrite = new(
        "overwrite", OptionGroup.Preprocess, new Flag(), false, "replace a data set that was made otherwise");

    public static IReadOnlyList<ToolOption> All { get; } =
    [
        Input, Output, Preset, DataOptions.MaxIndex, DataOptions.SubSample, TrainOptions.Seed, Split, Delimiter, Quote, MemoryLimit, Overwrite, DataOptions.OnBadLine,
        Schema, InferSchema, Label, Positive, Dense, Transform, Indicator, Missing, Sparse, MultiHot, Separator, MaxLength,
        MinFrequency, HashSize, Weight, Group,
    ];
}
