using Dlrm.Cli.Benching;

namespace Dlrm.Cli.Commands;

/// <summary>Every command there is.</summary>
internal static class CommandCatalog
{
    /// <summary>In the order of the help.</summary>
    public static IReadOnlyList<ToolCommand> All { get; } =
        [
            new TrainCommand(), new TuneCommand(), new EvaluateCommand(), new PredictCommand(), new ServeCommand(),
            new GenerateCommand(), new TraceCommand(), new ConvertCommand(), new PreprocessCommand(), new InspectCommand(), new ReportCommand(),
            new WatchCommand(), new ImportCommand(), new ExportCommand(), new QuantizeCommand(),
            new PlanCommand(), new BenchCommand(),
        ];
}
