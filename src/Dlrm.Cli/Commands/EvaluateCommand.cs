using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm evaluate</c>.</summary>
internal sealed class EvaluateCommand : ToolCommand
{
    public override string Name => "evaluate";

    public override string Summary => "computes a saved model's metrics";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm evaluate --load-model=runs/20260102-150405/model", "on the test samples of the data it was trained with"),
        ("dlrm evaluate runs/20260102-150405 --format=json", "the same, for a program to read"),
        ("dlrm evaluate --load-model=model --raw-data-file=/data/train.txt", "when the data set's file was moved"),
    ];

    public override ToolOption Positional => RunOptions.LoadModel;

    public override IReadOnlyList<ToolOption> Options => field ??=
    [
        RunOptions.LoadModel, RunOptions.Config, RunOptions.OutputDirectory, RunOptions.Format,
        .. ModelOptions.Architecture, .. ModelOptions.Quantization, .. ModelOptions.Losses, .. DataOptions.All, .. DataSetOptions.Reading,
        DataSetOptions.PriorCorrection, .. AccuracyOptions.Data, TrainOptions.BatchSize, TrainOptions.TestBatchSize, TrainOptions.Batches,
        TrainOptions.Seed, TrainOptions.Quiet, SeeingOptions.Slices, TrainOptions.Profiling, TrainOptions.PlotGraph,
        .. RunOptions.Machine,
    ];

    public override int Run(OptionValues values, ToolConsole console)
    {
        if (values.Get(RunOptions.LoadModel).Length == 0)
        {
            throw new UsageException("No model is named: add --load-model=DIR, a folder that dlrm train wrote.");
        }

        return new EvaluationRun(values, console, referenceLines: false).Run();
    }
}
