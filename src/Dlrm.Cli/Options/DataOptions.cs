namespace Dlrm.Cli.Options;

/// <summary>Where samples come from.</summary>
internal static class DataOptions
{
    public const string Random = "random";
    public const string Synthetic = "synthetic";
    public const string DataSet = "dataset";
    public const string Sample = "sample";

    public static readonly ToolOption<string> Generation = new(
        "data-generation", OptionGroup.Data,
        new Choice(Random, Synthetic, DataSet, Sample)
        {
            Later = new Dictionary<string, string>
            {
                ["internal"] = "It needs a library that only Facebook has; use random or dataset.",
            },
        },
        Random,
        "random numbers, random lookups with the stack distances of a trace, a data set from files, or the embedded sample (Adult census income), which is also what "
        + "training without model and data options uses");

    public static readonly ToolOption<string> Set = new(
        "data-set", OptionGroup.Data,
        new Text("kaggle|DIR"), "kaggle", "Criteo's Kaggle text file (--raw-data-file), or a folder that dlrm preprocess made");

    public static readonly ToolOption<string> RawFile = new(
        "raw-data-file", OptionGroup.Data, new Text("FILE"), "", "the data set's text file, plain, .gz or .zst");

    public static readonly ToolOption<string> ProcessedFile = new(
        "processed-data-file", OptionGroup.Data, new Text("FILE"), "",
        "the parsed data set is kept beside this name and reused while the raw file stays the same",
        "beside the raw file");

    public static readonly ToolOption<string> Randomize = new(
        "data-randomize", OptionGroup.Data, new Choice("total", "day", "none"), "total",
        "shuffle all training rows, those of each day, or nothing");

    public static readonly ToolOption<long> MaxIndex = new(
        "max-ind-range", OptionGroup.Data, new WholeNumber(-1), -1,
        "hashes are taken modulo this, which bounds every table's rows", "-1, no bound");

    public static readonly ToolOption<double> SubSample = new(
        "data-sub-sample-rate", OptionGroup.Data, new Number(0, 1), 0.0, "share of negative rows to drop");

    public static readonly ToolOption<string> OnBadLine = new(
        "on-bad-line", OptionGroup.Data, new Choice("error", "skip"), "error",
        "stop at a line that cannot be read, or count it and go on")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> MemoryMap = new(
        "memory-map", OptionGroup.Data, new Flag(), false, "the order of training rows that the reference gives days on disk");

    public static readonly ToolOption<bool> MultiProcessing = new(
        "dataset-multiprocessing", OptionGroup.Data, new Flag(), false,
        "no effect: one process reads the file with all threads");

    public static readonly ToolOption<long> Workers = new(
        "num-workers", OptionGroup.Data, new WholeNumber(), 0, "no effect: batches are always prepared in the background");

    public static readonly ToolOption<bool> BinaryLoader = new(
        "mlperf-bin-loader", OptionGroup.Data, new Flag(), false, "read the Terabyte set's binary form, --processed-data-file with _train.bin and _test.bin added");

    public static readonly ToolOption<bool> BinaryShuffle = new(
        "mlperf-bin-shuffle", OptionGroup.Data, new Flag(), false, "shuffle the binary form's batches");

    public static readonly ToolOption<string> TraceFile = new(
        "data-trace-file", OptionGroup.Data, new Text("FILE"), "./input/dist_emb_j.log", "with synthetic data: the distributions that dlrm trace writes; j stands for the table's number");

    public static readonly ToolOption<bool> TracePadding = new(
        "data-trace-enable-padding", OptionGroup.Data, new Flag(), false, "with synthetic data: no new row once all have been seen");

    public static readonly ToolOption<long> Size = new(
        "data-size", OptionGroup.RandomData, new WholeNumber(1), 1, "samples of an epoch");

    public static readonly ToolOption<long> Lookups = new(
        "num-indices-per-lookup", OptionGroup.RandomData, new WholeNumber(1), 10, "lookups of a bag, at most");

    public static readonly ToolOption<bool> LookupsFixed = new(
        "num-indices-per-lookup-fixed", OptionGroup.RandomData, new Flag(), false, "every bag draws that many");

    public static readonly ToolOption<string> Distribution = new(
        "rand-data-dist", OptionGroup.RandomData, new Choice("uniform", "gaussian"), "uniform",
        "how rows are drawn");

    public static readonly ToolOption<double> Minimum = new(
        "rand-data-min", OptionGroup.RandomData, new Number(), 0, "with gaussian: smallest row");

    public static readonly ToolOption<double> Maximum = new(
        "rand-data-max", OptionGroup.RandomData, new Number(), 1, "with gaussian: largest row");

    public static readonly ToolOption<double> Mean = new(
        "rand-data-mu", OptionGroup.RandomData, new Number(), -1, "with gaussian: the mean", "-1, the middle");

    public static readonly ToolOption<double> Deviation = new(
        "rand-data-sigma", OptionGroup.RandomData, new Number(), 1, "with gaussian: the standard deviation");

    /// <summary>True when samples are drawn, with random labels, and the options say the tables' rows.</summary>
    public static bool AreDrawn(OptionValues values) => values.Get(Generation) is Random or Synthetic;

    public static IReadOnlyList<ToolOption> All { get; } =
    [
        Generation, Set, RawFile, ProcessedFile, Randomize, MaxIndex, TableOptions.MaxIndexPerTable, SubSample, OnBadLine, MemoryMap, MultiProcessing,
        Workers, BinaryLoader, BinaryShuffle, TraceFile, TracePadding,
        Size, Lookups, LookupsFixed, Distribution, Minimum, Maximum, Mean, Deviation,
    ];
}
