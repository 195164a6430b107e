using System.Diagnostics;
using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Data.Generating;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm generate</c>.</summary>
internal sealed class GenerateCommand : ToolCommand
{
    public override string Name => "generate";

    public override string Summary => "makes up click logs of any size with a known best AUC";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm generate --preset=criteo-like --rows 10M --skew 1.1 --seed 7 --output=made", "a data set folder; all follows from the seed"),
        ("dlrm generate --rows=1M --table-rows=100k --output=train.txt", "Criteo's text, for dlrm preprocess --preset=criteo-kaggle or the reference"),
        ("dlrm generate --rows=1M --output=clicks.parquet", "with clicks.parquet.schema.json for dlrm preprocess --schema"),
        ("dlrm train --data-generation=dataset --data-set=made --arch-sparse-feature-size=16 --arch-mlp-bot=13-64-16 "
            + "--arch-mlp-top=128-1 --loss-function=bce --optimizer=adagrad", "how near does a model come to the best there is?"),
    ];

    public override ToolOption Positional => GenerateFlags.Output;

    public override IReadOnlyList<ToolOption> Options => field ??= [.. GenerateFlags.All, RunOptions.Config, RunOptions.Threads, TrainOptions.Quiet];

    public override int Run(OptionValues values, ToolConsole console)
    {
        string output = values.Get(GenerateFlags.Output);
        if (output.Length == 0)
        {
            throw new UsageException("Where to? Name a folder or a file: --output=PATH.");
        }

        var options = new GeneratorOptions
        {
            Rows = values.Get(GenerateFlags.Rows),
            Output = output,
            Format = Format(values.Get(GenerateFlags.Format), output),
            Skew = values.Get(GenerateFlags.Skew),
            Seed = values.Get(GenerateFlags.Seed),
            MaxTableRows = (int)Math.Min(int.MaxValue, values.Get(GenerateFlags.TableRows)),
            LabelRate = values.Get(GenerateFlags.LabelRate),
            BestAuc = values.Get(GenerateFlags.BestAuc),
            Threads = values.GetInt(RunOptions.Threads),
            Overwrite = values.Get(GenerateFlags.Overwrite),
        };
        using var interruption = new Interruption(console.Error, "Stopping; once more ends at once.", console.IsErrorTerminal);
        long started = Stopwatch.GetTimestamp();
        using WorkProgress? progress = values.Get(TrainOptions.Quiet) ? null : new WorkProgress(console, TimeProvider.System);
        try
        {
            GeneratorReport report = Generator.Run(options, progress, interruption.Token);
            progress?.End();
            Print(report, output, Stopwatch.GetElapsedTime(started), console.Out);
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            progress?.End();
            console.Error.WriteLine($"Interrupted; {output} is as it was.");
            return ExitCode.Interrupted;
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static GeneratedFormat Format(string word, string output) => word switch
    {
        "dataset" => GeneratedFormat.DataSet,
        "criteo" => GeneratedFormat.Criteo,
        "tsv" => GeneratedFormat.Tsv,
        "parquet" => GeneratedFormat.Parquet,
        _ => Path.GetExtension(output).ToLowerInvariant() switch
        {
            ".txt" => GeneratedFormat.Criteo,
            ".tsv" => GeneratedFormat.Tsv,
            ".parquet" => GeneratedFormat.Parquet,
            "" => GeneratedFormat.DataSet,
            string other => throw new UsageException(
                $"{output}: the ending {other} names no format; end in .txt, .tsv or .parquet, or say --format=dataset|criteo|tsv|parquet."),
        },
    };

    private static void Print(GeneratorReport report, string output, TimeSpan time, TextWriter writer)
    {
        writer.WriteLine("part                rows  label rate   best AUC  best log loss");
        foreach ((string name, BestScores best) in report.Parts.Append(new KeyValuePair<string, BestScores>("all", report.All)))
        {
            string auc = best.Auc is { } value ? value.ToString("0.000000", CultureInfo.InvariantCulture) : "none";
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-11}{best.Rows,13:N0}{100 * best.LabelRate,10:0.00} %{auc,11}{best.LogLoss,15:0.000000}"));
        }

        writer.WriteLine(report.WasThere
            ? $"{output} is there already, made with these settings."
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{output}: {report.All.Rows:N0} rows in {time.TotalSeconds:0.0} s ({report.All.Rows / Math.Max(time.TotalSeconds, 1e-3):N0} rows/s)"));
    }
}
