using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm predict</c>.</summary>
internal sealed class PredictCommand : ToolCommand
{
    public override string Name => "predict";

    public override string Summary => "scores raw rows with a saved model";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm predict people.csv --load-model=runs/20260102-150405 --output=scores.csv", "one score a row, in the order of the rows"),
        ("zcat logs/*.jsonl.gz | dlrm predict - --load-model=model --id-columns=user > scores.csv", "JSON lines from a pipe; each score behind its user"),
        ("dlrm predict 'day_*.tsv.zst' --load-model=model --append --output=scored.tsv.zst", "all files' rows as they stand, with a column of scores"),
        ("dlrm predict test.parquet --load-model=model --output=scores.parquet --metrics", "scores, and AUC and the others against the label"),
        ("dlrm predict clicks.csv --load-model=model --on-bad-row=null --output=scores.csv", "a row that cannot be read has an empty score"),
    ];

    public override ToolOption Positional => PredictFlags.Input;

    public override IReadOnlyList<ToolOption> Options { get; } =
        [.. PredictFlags.All, RunOptions.Format, RunOptions.Config, TrainOptions.Quiet, RunOptions.Threads, RunOptions.InstructionSet];

    public override int Run(OptionValues values, ToolConsole console) => new PredictRun(values, console).Run();
}
