using Dlrm.Cli.Benching;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm bench</c>.</summary>
internal sealed class BenchCommand : ToolCommand
{
    public override string Name => "bench";

    public override string Summary => "measures a training and an inference step against the machine's limits";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm bench --preset=kaggle --num-threads=2", "a table: time, floor, time by stage"),
        ("dlrm bench --preset=embedding-heavy --mini-batch-size=2048 --iters=20 --format=json", "one JSON object"),
    ];

    public override IReadOnlyList<ToolOption> Options { get; } =
        [.. MeasureOptions.All, RunOptions.Format, RunOptions.Config, RunOptions.Threads, RunOptions.InstructionSet];

    public override int Run(OptionValues values, ToolConsole console)
    {
        if (values.Get(MeasureOptions.Serve))
        {
            BenchServer.Run(Console.In, console.Out);
            return ExitCode.Done;
        }

        BenchRunner.Run(
            new BenchOptions
            {
                Preset = values.Get(MeasureOptions.Preset),
                Batch = values.GetInt(MeasureOptions.BatchSize),
                Threads = values.GetInt(RunOptions.Threads),
                InstructionSet = ModelSetup.InstructionSet(values),
                Iterations = values.GetInt(MeasureOptions.Iterations),
                Json = values.Get(RunOptions.Format) == "json",
            },
            console.Out);
        return ExitCode.Done;
    }
}
