using Dlrm.Data.Folders;

namespace Dlrm.Cli.Options;

/// <summary>Data set folders: how they are read in training.</summary>
internal static class DataSetOptions
{
    public static readonly ToolOption<IReadOnlyList<string>> Split = new(
        "data-set-split", OptionGroup.Data, new Words("NAME,…"), ["test"],
        "parts of a data set folder that tests and evaluate use; the first one decides which test is best")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> TrainSplit = new(
        "data-set-train-split", OptionGroup.Data, new Text("NAME"), "train", "the part of a data set folder to train on")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> ShuffleBuffer = new(
        "shuffle-buffer", OptionGroup.Data, new WholeNumber(1, 1 << 30, "ROWS"), 1 << 19,
        "rows of a data set folder that are shuffled together; memory holds two such buffers")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Verify = new(
        "verify", OptionGroup.Data, new Choice("quick", "full"), "quick",
        "compare the lengths and columns of a data set folder's files, or every byte's hash")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> Head = new(
        "head", OptionGroup.Data, new WholeNumber(0, 1_000_000), 0, "rows of each part of a data set folder to show, as raw values")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> PriorCorrection = new(
        "prior-correction", OptionGroup.Testing, new Flag(), true,
        "scores of a model that was trained with some negatives dropped are brought to the rate of the data that are scored")
    {
        IsNew = true,
    };

    /// <summary>Options of commands that read a data set folder.</summary>
    public static IReadOnlyList<ToolOption> Reading { get; } = [Split, TrainSplit, ShuffleBuffer, Verify];

    /// <summary>True when --data-set names a folder.</summary>
    public static bool NamesFolder(OptionValues values) =>
        values.Get(DataOptions.Set) != (string)DataOptions.Set.Default && !values.Get(DataOptions.BinaryLoader);

    /// <summary>Refuses what cannot be with a folder.</summary>
    /// <exception cref="UsageException">Two options contradict, or there is no such folder.</exception>
    public static void Check(OptionValues values)
    {
        string set = values.Get(DataOptions.Set);
        if (!NamesFolder(values))
        {
            ToolOption[] alone = [Split, TrainSplit, ShuffleBuffer, Verify];
            if (alone.FirstOrDefault(values.IsGiven) is { } given && !DataOptions.AreDrawn(values))
            {
                throw new UsageException($"{given.Switch} is for a data set folder: add --data-set=DIR, or leave it out.");
            }

            return;
        }

        if (values.Get(DataOptions.Generation) != DataOptions.DataSet)
        {
            throw new UsageException(
                $"--data-set={set} is given, but --data-generation={values.Get(DataOptions.Generation)} would not read it: "
                + "add --data-generation=dataset, or leave the data set out.");
        }

        if (values.Get(DataOptions.RawFile) is { Length: > 0 } raw)
        {
            throw new UsageException(
                $"--data-set={set} is a folder, and --raw-data-file={raw} another source: give one of them "
                + "(--data-set=kaggle reads a raw file).");
        }

        if (!DataSetFolder.IsDataSet(set))
        {
            throw new UsageException(
                set == "terabyte"
                    ? "--data-set=terabyte: make a folder of the days first, dlrm preprocess --preset=criteo-terabyte day_* --output=DIR, and name it here."
                    : Directory.Exists(set)
                        ? $"--data-set={set}: this folder has no dataset.json; dlrm preprocess makes one."
                        : $"--data-set={set}: expected kaggle, or a data set folder; there is no such folder.");
        }
    }
}
