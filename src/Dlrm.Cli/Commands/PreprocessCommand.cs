using System.Diagnostics;
using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Data;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Memory;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm preprocess</c>.</summary>
internal sealed class PreprocessCommand : ToolCommand
{
    public override string Name => "preprocess";

    public override string Summary => "turns raw files into a data set folder";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm preprocess clicks.csv.gz --output=clicks --label=click --dense=age,price --sparse=site,device,tags --multi-hot=tags",
            "the first 80 % of the rows are for training, the rest for tests"),
        ("dlrm preprocess clicks.csv --infer-schema", "writes schema.json, to be corrected and given with --schema"),
        ("dlrm preprocess logs/*.tsv --output=clicks --schema=schema.json --split=hash:user:0.8,0.1",
            "no user stands on both sides; the last tenth is for validation"),
        ("dlrm preprocess clicks.csv --output=clicks --schema=schema.json --split=day:date",
            "the first half of the last day is for tests, the rest of it for validation"),
        ("dlrm preprocess train.txt --preset=criteo-kaggle --output=kaggle", "Criteo's Kaggle challenge, as the reference reads it"),
        ("dlrm train --data-generation=dataset --data-set=clicks --arch-sparse-feature-size=16 --arch-mlp-bot=2-64-16 "
            + "--loss-function=bce", "trains on it: dense features and table sizes follow from the folder"),
    ];

    public override ToolOption Positional => PreprocessFlags.Input;

    public override IReadOnlyList<ToolOption> Options => field ??= [.. PreprocessFlags.All, RunOptions.Config, RunOptions.Threads, TrainOptions.Quiet];

    public override int Run(OptionValues values, ToolConsole console)
    {
        if (values.Get(PreprocessFlags.Input).Count == 0)
        {
            throw new UsageException("Which files? Name them: dlrm preprocess FILE … --output=DIR.");
        }

        return values.Get(PreprocessFlags.InferSchema) ? Infer(values, console) : Make(values, console);
    }

    private static int Infer(OptionValues values, ToolConsole console)
    {
        string file = values.Get(PreprocessFlags.Schema) is { Length: > 0 } named ? named : "schema.json";
        if (File.Exists(file))
        {
            throw new UsageException($"{file} is there already: name another file with --schema, or remove it.");
        }

        string source = SourceFiles.Expand(values.Get(PreprocessFlags.Input))[0];
        DataSchema schema = SchemaInference.Infer(source, Character(values.Get(PreprocessFlags.Delimiter)), Quotes(values), values.Get(PreprocessFlags.Label));
        File.WriteAllText(file, schema.ToJson());
        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{file}: label {schema.Label}, {schema.Dense.Count} dense and {schema.Sparse.Count} categorical columns. Correct it, then give it with --schema={file}."));
        return ExitCode.Done;
    }

    private static int Make(OptionValues values, ToolConsole console)
    {
        string output = values.Get(PreprocessFlags.Output);
        if (output.Length == 0)
        {
            throw new UsageException("Where to? Name a folder: --output=DIR.");
        }

        Func<IProgress<LoadProgress>?, CancellationToken, PreprocessReport> run = Plan(values, output, console);
        using var interruption = new Interruption(
            console.Error, "Stopping; what is finished is kept. Once more ends at once.", console.IsErrorTerminal);
        long started = Stopwatch.GetTimestamp();
        using WorkProgress? progress = values.Get(TrainOptions.Quiet) ? null : new WorkProgress(console, TimeProvider.System);
        try
        {
            PreprocessReport report = run(progress, interruption.Token);
            progress?.End();
            Print(report, Stopwatch.GetElapsedTime(started), console);
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            progress?.End();
            console.Error.WriteLine($"Interrupted; {output} is as it was. The same command goes on from what is finished.");
            return ExitCode.Interrupted;
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static Func<IProgress<LoadProgress>?, CancellationToken, PreprocessReport> Plan(OptionValues values, string output, ToolConsole console)
    {
        Action<string>? announce = values.Get(TrainOptions.Quiet) ? null : console.Out.WriteLine;
        string preset = values.Get(PreprocessFlags.Preset);
        var onBadLine = Enum.Parse<OnBadLine>(values.Get(DataOptions.OnBadLine), ignoreCase: true);
        if (preset != PreprocessFlags.Generic)
        {
            SchemaSetup.RefuseWithPreset(values);
            var criteo = new CriteoPreprocessOptions
            {
                Inputs = values.Get(PreprocessFlags.Input),
                Output = output,
                Terabyte = preset == "criteo-terabyte",
                Delimiter = Character(values.Get(PreprocessFlags.Delimiter)) ?? '\t',
                MaxIndexRange = values.GetInt(DataOptions.MaxIndex),
                SubSampleRate = values.Get(DataOptions.SubSample),
                Seed = values.Get(TrainOptions.Seed),
                OnBadLine = onBadLine,
                Threads = values.GetInt(RunOptions.Threads),
                Announce = announce,
                Overwrite = values.Get(PreprocessFlags.Overwrite),
            };
            return (progress, stop) => CriteoPreprocessor.Run(criteo, progress, stop);
        }

        SchemaSetup.RefuseWithoutPreset(values);
        var options = new PreprocessOptions
        {
            Inputs = values.Get(PreprocessFlags.Input),
            Output = output,
            Schema = SchemaSetup.Of(values),
            Split = values.Get(PreprocessFlags.Split),
            Delimiter = Character(values.Get(PreprocessFlags.Delimiter)),
            Quotes = Quotes(values),
            OnBadLine = onBadLine,
            Threads = values.GetInt(RunOptions.Threads),
            MemoryLimit = values.Get(PreprocessFlags.MemoryLimit) is > 0 and var limit ? limit : SystemMemory.AvailableBytes / 2,
            Announce = announce,
            Overwrite = values.Get(PreprocessFlags.Overwrite),
        };
        return (progress, stop) => Preprocessor.Run(options, progress, stop);
    }

    private static void Print(PreprocessReport report, TimeSpan time, ToolConsole console)
    {
        foreach (string message in report.Messages)
        {
            console.Error.WriteLine(message);
        }

        if (report.WasThere)
        {
            console.Out.WriteLine($"{report.Folder} is there already, made from these files with these settings.");
            return;
        }

        DataSetDescription description = report.Description;
        PreprocessTable.Write(report, console.Out);
        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{description.Rows:N0} rows from {SystemMemory.Describe(report.SourceBytes)} in {time.TotalSeconds:0.0} s ({report.SourceBytes / 1e6 / Math.Max(time.TotalSeconds, 1e-3):0} MB/s)"));
        console.Out.WriteLine($"Data set {report.Folder}");
    }

    private static char? Character(string text) => text switch
    {
        "" => null,
        "tab" or "\\t" => '\t',
        [var single] when single < 128 => single,
        _ => throw new UsageException($"--delimiter={text}: expected one character, or tab."),
    };

    private static bool? Quotes(OptionValues values) => values.Get(PreprocessFlags.Quote) switch
    {
        "double" => true,
        "none" => false,
        _ => null,
    };
}
