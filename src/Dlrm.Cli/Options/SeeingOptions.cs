namespace Dlrm.Cli.Options;

/// <summary>What a run writes to be looked at, and what reports show.</summary>
internal static class SeeingOptions
{
    public static readonly ToolOption<string> TensorBoard = new(
        "tensor-board-filename", OptionGroup.Files, new Text("DIR"), "",
        "a folder that receives TensorBoard's events: loss, learning rate, metrics, the configuration", "none");

    public static readonly ToolOption<bool> Histograms = new(
        "tensor-board-histograms", OptionGroup.Files, new Flag(), false,
        "also histograms of the parameters, and of the gradients that are kept whole, at every test")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Slices = new(
        "report-slices", OptionGroup.Testing, new Text("FEATURE,…"), "",
        "metrics of the last test by the values of these categorical features (name or number), in the reports", "none")
    {
        IsNew = true,
    };

    public static readonly ToolOption<IReadOnlyList<string>> Runs = new(
        "run", OptionGroup.Files, new TextList("DIR"), [], "a run's folder; several, to compare them")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Run = new(
        "run", OptionGroup.Files, new Text("DIR"), "", "a run's folder")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Page = new(
        "output", OptionGroup.Files, new Text("FILE.html"), "comparison.html", "where the page goes")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> Once = new(
        "once", OptionGroup.Printing, new Flag(), false, "print where the run is, and end")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> Interval = new(
        "interval", OptionGroup.Printing, new Number(0.05, 3600), 0.5, "seconds between looks at the file")
    {
        IsNew = true,
    };

    public static IReadOnlyList<ToolOption> Files { get; } = [TensorBoard, Histograms];
}
