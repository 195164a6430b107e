using Dlrm.Cli.Benching;

namespace Dlrm.Cli.Commands;

/// <summary>Every command there is.</summary>
internal static class CommandCatalog
{
    /// <summary>In the order of the help.</summary>
    public static IReadOnlyList<ToolCommand> All { get; } =
        [new TrainCommand(), new EvaluateCommand(), new InspectCommand(), new ReportCommand(), new WatchCommand(), new BenchCommand()];

    /// <summary>Commands of later versions, and what they will do.</summary>
    public static IReadOnlyDictionary<string, string> Later { get; } = new Dictionary<string, string>
    {
        ["predict"] = "score a file",
        ["preprocess"] = "turn raw files into a data set folder",
        ["quantize"] = "make a 4- or 8-bit model",
        ["export"] = "write ONNX, PyTorch and numpy files",
        ["import"] = "read PyTorch and numpy files",
        ["serve"] = "answer requests over HTTP",
        ["plan"] = "place tables on several machines",
    };
}
