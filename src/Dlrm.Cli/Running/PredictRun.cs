using System.Globalization;
using System.Text;
using System.Text.Json;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Data.Scoring;
using Dlrm.Data.Scoring.Files;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary><c>dlrm predict</c>: raw rows in, scores out.</summary>
internal sealed class PredictRun(OptionValues values, ToolConsole console)
{
    private readonly string _output = values.Get(PredictFlags.Output);

    /// <summary>Scores the rows.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        ScoringOptions options = Options();
        using var interruption = new Interruption(console.Error);
        using ModelScorer scorer = OpenModel();
        WorkProgress? progress = Progress();
        try
        {
            var files = new FileScorer(scorer, options);
            ScoringReport report = Write(stream => files.Run(stream, progress, interruption.Token));
            progress?.End();
            Tell(scorer, report);
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            progress?.End();
            console.Error.WriteLine(_output.Length > 0 ? $"Interrupted; {_output} was not written." : "Interrupted.");
            return ExitCode.Interrupted;
        }
        catch (BrokenPipeException)
        {
            // Whoever read the scores has seen enough.
            return ExitCode.Done;
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private ScoringOptions Options()
    {
        if (values.Get(PredictFlags.Model).Length == 0)
        {
            throw new UsageException("No model is named: add --load-model=DIR, a folder that dlrm train wrote.");
        }

        if (values.Get(PredictFlags.Input).Count == 0)
        {
            throw new UsageException("Which rows? Name their files: dlrm predict FILE … --load-model=DIR; - is standard input.");
        }

        bool append = values.Get(PredictFlags.Append);
        RowFileFormat output = Format(values.Get(PredictFlags.OutputFormat));
        output = output == RowFileFormat.Auto ? ScoreTarget.FormatOf(_output) : output;
        if (append && output is RowFileFormat.Arrow or RowFileFormat.Parquet)
        {
            throw new UsageException(
                $"--append writes rows as they stand, as text; {output} has columns of its own: give --id-columns=COLUMN,… in place of --append, or end "
                + "--output in .csv, .tsv or .jsonl.");
        }

        if (append && values.IsGiven(PredictFlags.IdColumns))
        {
            throw new UsageException("--append writes all columns before the score, --id-columns some: leave one of them out.");
        }

        if (output is RowFileFormat.Arrow or RowFileFormat.Parquet && (_output.Length == 0 || _output.EndsWith(".gz", StringComparison.Ordinal) || _output.EndsWith(".zst", StringComparison.Ordinal)))
        {
            throw new UsageException($"--output-format={values.Get(PredictFlags.OutputFormat)} needs a file that is not packed: name one with --output=FILE.");
        }

        return new ScoringOptions
        {
            Inputs = values.Get(PredictFlags.Input),
            InputFormat = Format(values.Get(PredictFlags.InputFormat)),
            OutputFormat = output,
            Delimiter = PreprocessCommand.Character(values.Get(PreprocessFlags.Delimiter)),
            Quotes = PreprocessCommand.Quotes(values),
            IdColumns = values.Get(PredictFlags.IdColumns),
            Append = append,
            ScoreColumn = values.Get(PredictFlags.ScoreColumn),
            OnBadRow = values.Get(PredictFlags.OnBadRow) == "null" ? OnBadRow.Null : OnBadRow.Error,
            Metrics = values.Get(PredictFlags.Metrics),
            BatchRows = values.GetInt(PredictFlags.BatchSize),
        };
    }

    private static RowFileFormat Format(string word) =>
        word == "jsonl" ? RowFileFormat.JsonLines : Enum.Parse<RowFileFormat>(word, ignoreCase: true);

    private ModelScorer OpenModel()
    {
        string path = values.Get(PredictFlags.Model);
        if (File.Exists(path))
        {
            throw new UsageException(
                $"--load-model={path} is a file, which does not tell how raw rows become its inputs: name the folder of a model that dlrm train wrote.");
        }

        using ModelFolder folder = ModelSetup.Open(path, error: console.Error);
        var scorer = ModelScorer.Open(folder, new ScorerOptions
        {
            Threads = values.GetInt(RunOptions.Threads),
            InstructionSet = ModelSetup.InstructionSet(values),
            PriorCorrection = values.Get(DataSetOptions.PriorCorrection),
        });
        if (scorer.Encoder is null)
        {
            scorer.Dispose();
            _ = RowEncoder.Read(folder); // Throws, and says why there is none.
        }

        if (scorer.LogitShift != 0 && !values.Get(TrainOptions.Quiet))
        {
            console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Prior corrected: the model was trained with {100 * (1 - scorer.Encoder!.NegativesDropped):0.##} % of the negatives; logits are "
                + $"shifted by {scorer.LogitShift:0.0000} (--prior-correction=false leaves them)."));
        }

        return scorer;
    }

    /// <summary>Scores on the same terminal as a bar would be no use.</summary>
    private WorkProgress? Progress()
    {
        bool mixed = _output.Length == 0 && console.IsTerminal;
        return values.Get(TrainOptions.Quiet) || mixed
            ? null
            : new WorkProgress(console with { IsTerminal = !Console.IsErrorRedirected }, TimeProvider.System);
    }

    private ScoringReport Write(Func<Stream, ScoringReport> score)
    {
        if (_output.Length == 0)
        {
            using Stream stream = StandardOutput.Open(console.Out);
            return score(stream);
        }

        using var target = new ScoreTarget(_output);
        ScoringReport report = score(target.Stream);
        target.Complete();
        return report;
    }

    private void Tell(ModelScorer scorer, ScoringReport report)
    {
        TextWriter writer = _output.Length > 0 ? console.Out : console.Error;
        foreach (string example in report.Examples)
        {
            console.Error.WriteLine($"No score: {example}");
        }

        if (values.Get(RunOptions.Format) == "json")
        {
            writer.WriteLine(Json(scorer, report));
            return;
        }

        if (report.Metrics is { } metrics)
        {
            RunSummary.Write(writer, Record(metrics));
        }

        if (!values.Get(TrainOptions.Quiet))
        {
            console.Error.WriteLine(Summary(report));
        }
    }

    private static string Summary(ScoringReport report)
    {
        double seconds = Math.Max(report.Time.TotalSeconds, 1e-6);
        string bad = report.BadRows == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {report.BadRows:N0} without a score,");
        string text = string.Create(
            CultureInfo.InvariantCulture, $"{report.Rows:N0} rows{bad} in {seconds:0.00} s, {report.Rows / seconds:N0} rows/s");
        return seconds < 1
            ? text
            : text + string.Create(
                CultureInfo.InvariantCulture,
                $"; {100 * report.ModelTime.TotalSeconds / seconds:0} % of the time in the model, which alone does "
                + $"{report.Rows / Math.Max(report.ModelTime.TotalSeconds, 1e-6):N0} rows/s");
    }

    private static string Json(ModelScorer scorer, ScoringReport report)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("kind", "predict");
            json.WriteNumber("rows", report.Rows);
            json.WriteNumber("bad_rows", report.BadRows);
            json.WriteNumber("seconds", report.Time.TotalSeconds);
            json.WriteNumber("model_seconds", report.ModelTime.TotalSeconds);
            json.WriteStartObject("fields");
            for (int field = 0; field < report.Fields.Count; field++)
            {
                json.WriteStartObject(scorer.Encoder!.Fields[field].Name);
                json.WriteNumber("missing", report.Fields[field].Missing);
                json.WriteNumber("unknown", report.Fields[field].Unknown);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            if (report.Metrics is { } metrics)
            {
                MetricsFile.WriteMetrics(json, metrics, metrics.LogLoss ?? double.NaN);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static EvaluationRecord Record(EvaluationMetrics metrics) =>
        new(0, 0, 0, 0, metrics, metrics.LogLoss ?? double.NaN, metrics.Accuracy, metrics.Auc, IsBest: true);
}
