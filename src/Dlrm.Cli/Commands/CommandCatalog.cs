using Dlrm.Cli.Benching;

namespace Dlrm.Cli.Commands;

/// <summary>Every command there is.</summary>
internal static class CommandCatalog
{
    /// <summary>In the order of the help.</summary>
    public static IReadOnlyList<ToolCommand> All { get; } =
        [
            new TrainCommand(), new TuneCommand(), new EvaluateCommand(), new GenerateCommand(), new TraceCommand(), new ConvertCommand(), new PreprocessCommand(),
            new InspectCommand(),
            new ReportCommand(), new WatchCommand(), new ImportCommand(), new ExportCommand(), new QuantizeCommand(),
            new ServeCommand(),
            new BenchCommand(),
        ];

    /// <summary>Commands of later versions, and what they will do.</summary>
    public static IReadOnlyDictionary<string, string> Later { get; } = new Dictionary<string, string>
    {
        ["predict"] = "score a file",
        ["plan"] = "place tables on several machines",
    };
}
