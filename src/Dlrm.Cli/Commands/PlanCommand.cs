using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Planning;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm plan</c>.</summary>
internal sealed class PlanCommand : ToolCommand
{
    public override string Name => "plan";

    public override string Summary => "decides where each table goes on several ranks, and foretells the step's time";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm plan --preset=terabyte --ranks=8 --hosts=8 --memory-per-rank=64G --network=25Gbit", "measures this machine and takes it for all eight"),
        ("dlrm plan --ranks=4 --stats=criteo --arch-sparse-feature-size=16 --arch-mlp-bot=13-64-16 --arch-mlp-top=128-1 "
            + "--mini-batch-size=2048", "rows, lookups and skew as a data set folder has them; writes plan.json for dlrm train --plan"),
        ("dlrm plan --ranks=2 --config=runs/one/config.json --write-machine=machine.json", "the model of a run; what was measured is kept"),
    ];

    public override IReadOnlyList<ToolOption> Options { get; } =
    [
        .. PlanFlags.All, RunOptions.Format,
        .. OptionCatalog.Train.Where(option => option != RunOptions.Format && option != RankOptions.Plan
            && PlanFlags.All.All(own => own.Name != option.Name)),
    ];

    public override int Run(OptionValues values, ToolConsole console)
    {
        Check(values);
        return new PlanRun(values, console).Run();
    }

    private static void Check(OptionValues values)
    {
        if (values.GetInt(PlanFlags.Ranks) == 0)
        {
            throw new UsageException("How many ranks? Add --ranks=N.");
        }

        bool named = values.IsGiven(PlanFlags.Preset) || values.IsGiven(PlanFlags.Stats) || ModelOptions.Architecture.Any(values.IsGiven);
        if (!named && !DataSetOptions.NamesFolder(values))
        {
            throw new UsageException("Which model? Add --preset, --stats=DIR with the model's options, --config=FILE of a run, or the options of dlrm train.");
        }

        if (values.IsGiven(PlanFlags.Preset) && values.IsGiven(PlanFlags.Stats))
        {
            throw new UsageException(
                $"--preset={values.Get(PlanFlags.Preset)} has tables of its own, and --stats={values.Get(PlanFlags.Stats)} others: leave one out.");
        }

        foreach (ToolOption assumed in new ToolOption[] { PlanFlags.Lookups, PlanFlags.Skew })
        {
            if (values.IsGiven(assumed) && values.IsGiven(PlanFlags.Stats))
            {
                throw new UsageException(
                    $"{assumed.Switch}={values.Text(assumed)} assumes what --stats={values.Get(PlanFlags.Stats)} counts: leave one out.");
            }
        }

        if (values.Get(PlanFlags.Check) && values.GetInt(PlanFlags.Hosts) > 1)
        {
            throw new UsageException(
                $"--check runs on this machine, and --hosts={values.Text(PlanFlags.Hosts)} asks for several: leave one out.");
        }

        if (values.IsGiven(PlanFlags.Machine) && values.IsGiven(PlanFlags.WriteMachine))
        {
            throw new UsageException(
                $"--machine={values.Get(PlanFlags.Machine)} is read, so nothing is measured that --write-machine={values.Get(PlanFlags.WriteMachine)} could keep: leave one out.");
        }

        foreach (ToolOption<string> written in new[] { PlanFlags.Output, PlanFlags.WriteMachine })
        {
            string path = values.Get(written);
            if (path.Length > 0 && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
            {
                throw new UsageException($"{written.Switch}={path}: there is no folder {Path.GetDirectoryName(Path.GetFullPath(path))}.");
            }
        }
    }
}
