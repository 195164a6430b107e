namespace Dlrm.Cli.Options;

/// <summary>Options of <c>dlrm convert</c>.</summary>
internal static class ConvertFlags
{
    public const string DataSet = "dataset";

    public static readonly ToolOption<IReadOnlyList<string>> Input = new(
        "input", OptionGroup.Preprocess, new TextList("PATH"), [],
        "a data set folder; or the reference's *_processed.npz, day_N_reordered.npz, *.bin, or TorchRec's day_N_labels.npy, in order")
    { IsNew = true };

    public static readonly ToolOption<string> Output = new(
        "output", OptionGroup.Preprocess, new Text("DIR"), "", "where the result goes")
    { IsNew = true };

    public static readonly ToolOption<string> Format = new(
        "format", OptionGroup.Preprocess, new Choice(DataSet, "processed", "days", "bin", "torchrec"), DataSet,
        "a data set folder; or of one the reference's processed.npz, its day files, its binary form, or TorchRec's arrays")
    { IsNew = true };
}
