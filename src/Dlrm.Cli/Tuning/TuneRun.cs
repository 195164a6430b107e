using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Reports;

namespace Dlrm.Cli.Tuning;

/// <summary>
/// Successive halving (Jamieson, Talwalkar 2016) by thirds: all settings train for a ninth of their steps, the best third of
/// them for a third, the best third of those for all, with several seeds. They are compared by log loss on samples held out
/// of training.
/// </summary>
internal sealed class TuneRun(OptionValues values, ToolConsole console)
{
    private const int Thirds = 3;

    /// <summary>Options of tuning, which training on all samples leaves out.</summary>
    private static readonly ToolOption[] NotTrained =
        [AccuracyOptions.ValidationFraction, AccuracyOptions.ValidationSplit, TuneOptions.Budget, TuneOptions.Seeds];

    private static readonly double[] Shares = [1.0 / 9, 1.0 / 3, 1];

    /// <summary>Tunes.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        using var interruption = new Interruption(console.Error);
        var space = new TuneSpace(values);
        RunFolder folder = RunFolder.Of(values, TimeProvider.System);
        folder.Create();
        using var journal = new TuneJournal(Path.Combine(folder.Path, "journal.jsonl"), Heading());
        using Engine engine = ModelSetup.CreateEngine(values);
        if (journal.Count > 0)
        {
            console.Out.WriteLine($"Going on after {journal.Count} trainings.");
        }

        try
        {
            IReadOnlyList<TuneRow> rows = Tune(space, journal, engine, interruption.Token);
            Write(folder, space, rows);
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            console.Error.WriteLine($"Interrupted after {journal.Count} trainings. The same command with --output-dir={folder.Path} goes on.");
            return ExitCode.Interrupted;
        }
    }

    private IReadOnlyList<TuneRow> Tune(TuneSpace space, TuneJournal journal, Engine engine, CancellationToken stop)
    {
        TuneRow[] rows =
        [
            .. space.Draw(values.GetInt(TuneOptions.Budget), values.Get(TrainOptions.Seed))
                .Select((settings, number) => new TuneRow(number, settings)),
        ];
        TuneRow[] left = rows;
        for (int round = 0; round < Shares.Length; round++)
        {
            int seeds = round == Shares.Length - 1 ? values.GetInt(TuneOptions.Seeds) : 1;
            foreach (TuneRow row in left)
            {
                TuneTrial[] trials = [.. Enumerable.Range(0, seeds).Select(seed => Trial(row, round, seed, journal, engine, stop))];
                row.Add(round, trials);
                console.Out.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round + 1} of {Shares.Length}  setting {row.Number,3}  log loss {row.LogLoss:0.000000}  AUC {row.Auc:0.000000}  {row.Text}"));
            }

            left = [.. left.OrderBy(row => row.LogLoss).ThenBy(row => row.Number).Take((left.Length + Thirds - 1) / Thirds)];
        }

        return [.. rows.OrderByDescending(row => row.Rounds).ThenBy(row => row.LogLoss).ThenBy(row => row.Number)];
    }

    private TuneTrial Trial(TuneRow row, int round, int seed, TuneJournal journal, Engine engine, CancellationToken stop)
    {
        long number = values.Get(TrainOptions.Seed) + seed;
        if (journal.Find(row.Number, round, number) is { } done)
        {
            return done;
        }

        OptionValues all = Recipes.Apply(values.With([.. row.Settings, new(TrainOptions.Seed, number)]));
        TuneTrial trial = TuneTrial.Run(all, row.Number, round, Shares[round], engine, stop);
        journal.Add(trial);
        return trial;
    }

    private void Write(RunFolder folder, TuneSpace space, IReadOnlyList<TuneRow> rows)
    {
        TuneRow best = rows[0];
        var options = new JsonObject();
        foreach ((ToolOption option, object value) in RunRecord.Repeated(values.With(best.Settings)))
        {
            if (!NotTrained.Contains(option))
            {
                options[option.Name] = option.Write(value);
            }
        }

        string bestPath = Path.Combine(folder.Path, "best.json");
        File.WriteAllText(bestPath, options.ToJsonString(RunRecord.Readable) + "\n");
        var results = new JsonObject
        {
            ["tune"] = Heading(),
            ["space"] = new JsonArray([.. space.Describe().Select(line => JsonValue.Create(line))]),
            ["settings"] = new JsonArray([.. rows.Select(row => row.ToJson())]),
        };
        File.WriteAllText(Path.Combine(folder.Path, "results.json"), results.ToJsonString(RunRecord.Readable) + "\n");
        TuneReport.Write(folder.Report, new TuneReportData
        {
            CommandLine = Heading(),
            Space = [.. space.Describe()],
            Rows = [.. rows.Select(row => new TuneReportRow(row.Number, row.Text, row.Losses, row.Auc, row.Deviation))],
            Shares = Shares,
        });
        console.Out.WriteLine();
        console.Out.WriteLine($"Best    setting {best.Number}: {best.Text}");
        console.Out.WriteLine($"Table   {folder.Report}");
        console.Out.WriteLine("To train with it on all training samples:");
        console.Out.WriteLine($"  dlrm train --config={bestPath}");
    }

    private string Heading() => RunRecord.CommandLine("tune", values);
}
