using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Cli.Tuning;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm tune</c>.</summary>
internal sealed class TuneCommand : ToolCommand
{
    private static readonly Dictionary<ToolOption, object> Defaults = new()
    {
        [AccuracyOptions.Recipe] = AccuracyOptions.Tuned,
        [AccuracyOptions.ValidationFraction] = 0.1,
    };

    public override string Name => "tune";

    public override string Summary => "searches settings that suit the data";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm tune --output-dir=tuning", "27 settings on the embedded sample"),
        ("dlrm tune --data-generation=dataset --raw-data-file=train.txt --test-fraction=0.2 --budget=81 --output-dir=tuning",
            "on a file in the format of Criteo's Kaggle challenge; the same command goes on after an interruption"),
    ];

    public override IReadOnlyList<ToolOption> Options => field ??= [TuneOptions.Budget, TuneOptions.Seeds, .. OptionCatalog.Train];

    public override int Run(OptionValues values, ToolConsole console)
    {
        values = SamplePreset.Apply(values.WithPresetOver(Defaults)).WithPresetOver(Defaults);
        if (!AccuracyOptions.HoldsOut(values))
        {
            throw new UsageException(
                DataSetOptions.NamesFolder(values)
                ? "Settings are compared on samples held out of training: make the data set with a validation part and add "
                    + "--validation-split=validation."
                : "--validation-fraction=0 leaves no samples to compare settings on: give a share of the training samples, such as 0.1. "
                + "The test samples are not used.");
        }

        Contradictions.Check(Recipes.Apply(values));
        return new TuneRun(values, console).Run();
    }
}
