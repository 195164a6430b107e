using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Mpi;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm train</c>.</summary>
internal sealed class TrainCommand : ToolCommand
{
    public override string Name => "train";

    public override string Summary => "trains a model";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm train", "trains on the embedded sample (real rows, under a minute)"),
        ("dlrm train --data-generation=dataset --data-set=kaggle --raw-data-file=train.txt "
            + "--arch-sparse-feature-size=16 --arch-mlp-bot=13-512-256-64-16 --arch-mlp-top=512-256-1 "
            + "--loss-function=bce --learning-rate=0.1 --mini-batch-size=128 --print-freq=1024 --test-freq=10240 "
            + "--test-mini-batch-size=16384",
            "trains on a file in the format of Criteo's Kaggle challenge"),
        ("dlrm train --output-dir=out --checkpoint-every=10min --resume",
            "trains, or goes on where the run in out/ was cut off: a line to run again until it ends with 0"),
        ("dlrm train --config=runs/20260102-150405/config.json", "repeats a run, to the bit"),
    ];

    public override IReadOnlyList<ToolOption> Options => OptionCatalog.Train;

    public override int Run(OptionValues values, ToolConsole console) =>
        RankProcess.Run(Name, values, console, job => Run(values, console, job), goOn: !values.Get(TrainOptions.InferenceOnly));

    /// <summary>Trains, in this process or as one rank of a job.</summary>
    /// <param name="values">The options.</param>
    /// <param name="console">Where to print.</param>
    /// <param name="job">This process's job; null for a process on its own.</param>
    internal static int Run(OptionValues values, ToolConsole console, MpiJob? job)
    {
        using ResumePoint? resume = values.Get(TrainOptions.InferenceOnly) ? null : ResumePoint.Of(values, console.Error, guard: job is not { Communicator.Rank: > 0 });
        if (resume is not null)
        {
            values = resume.Apply(values, console.Error);
        }

        if (resume?.Record is null)
        {
            values = Recipes.Apply(SamplePreset.Apply(values));
        }

        if (values.Get(TrainOptions.InferenceOnly))
        {
            return new EvaluationRun(values, console, referenceLines: true, job).Run();
        }

        Contradictions.Check(values);
        if (!values.Get(TrainOptions.Quiet))
        {
            Recipes.Print(values, console);
        }

        values = ForeignModel.WithArchitecture(values);
        return new TrainingRun(values, console, resume, job).Run();
    }
}
