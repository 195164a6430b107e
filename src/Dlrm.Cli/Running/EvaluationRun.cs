using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>One test pass: <c>dlrm evaluate</c>, and <c>dlrm train --inference-only</c>.</summary>
internal sealed class EvaluationRun(OptionValues given, ToolConsole console, bool referenceLines)
{
    /// <summary>Scores the test samples and prints the metrics.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        using var interruption = new Interruption(console.Error);
        try
        {
            return Run(interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            console.Error.WriteLine("Interrupted; nothing was written.");
            return ExitCode.Interrupted;
        }
    }

    private int Run(CancellationToken stop)
    {
        OptionValues values = WithOptionsOfTheModel(out long step);
        Contradictions.Check(values);
        using Engine engine = ModelSetup.CreateEngine(values);
        var random = new NumpyRandom(values.Get(TrainOptions.Seed));
        using RunData data = RunData.Load(
            values, random, values.Get(TrainOptions.Quiet) ? null : new LoadLines(console.Error, TimeProvider.System), stop);
        foreach (string line in data.Messages)
        {
            console.Error.WriteLine(line);
        }

        using DlrmModel model = CreateModel(values, engine, data, random);
        if (referenceLines)
        {
            console.Out.WriteLine("Testing for inference only");
        }

        if (values.Get(RunOptions.LoadModel) is { Length: > 0 } load && given.Options.Contains(DataSetOptions.PriorCorrection)
            && values.Get(DataSetOptions.PriorCorrection)
            && PriorCorrection.Apply(load, model, data.NegativesDropped) is { } corrected)
        {
            console.Error.WriteLine(corrected);
        }

        EvaluationRecord record = Evaluate(values, model, data.Test, step, stop);
        Print(values, data.Test, record);
        WriteFiles(values, data, model, record);
        foreach (IBatchSource more in data.MoreTests)
        {
            Print(values, more, Evaluate(values, model, more, step, stop));
        }

        return ExitCode.Done;
    }

    private static EvaluationRecord Evaluate(OptionValues values, DlrmModel model, IBatchSource source, long step, CancellationToken stop)
    {
        using var evaluator = new Evaluator(model, source, values.GetInt(TrainOptions.Batches));
        EvaluationMetrics metrics = evaluator.Run(progress: null, stop);
        return new EvaluationRecord(
            step, evaluator.BatchCount, evaluator.BatchCount, 0, metrics, evaluator.Loss, metrics.Accuracy, metrics.Auc, IsBest: true);
    }

    /// <summary>The options given, and below them those that the saved model was trained with.</summary>
    private OptionValues WithOptionsOfTheModel(out long step)
    {
        step = 0;
        string path = given.Get(RunOptions.LoadModel);
        if (path.Length == 0 || !Directory.Exists(path))
        {
            return given;
        }

        using ModelFolder folder = ModelSetup.Open(path);
        step = folder.StateJson is { } state ? (long?)JsonNode.Parse(state)?["step"] ?? 0 : 0;
        if (!folder.FileNames.Contains(RunRecord.NameInModel))
        {
            return given;
        }

        using Stream stream = folder.OpenFile(RunRecord.NameInModel);
        using JsonDocument document = JsonDocument.Parse(stream);
        return given.WithPreset(OptionFile.ReadKnown(document.RootElement, given.Options));
    }

    private static DlrmModel CreateModel(OptionValues values, Engine engine, RunData data, NumpyRandom random)
    {
        string load = values.Get(RunOptions.LoadModel);
        if (load.Length > 0)
        {
            return ModelSetup.Load(load, values, data, engine, optimizer: null);
        }

        var model = new DlrmModel(ModelSetup.Config(values, data.BringsShape ? data.Train : null), engine, optimizer: null);
        model.Initialize(random, new TorchRandom(values.Get(TrainOptions.Seed)));
        return model;
    }

    private void Print(OptionValues values, IBatchSource source, EvaluationRecord record)
    {
        if (referenceLines)
        {
            new ReferenceLines(console.Out, ReferenceLineOptions.From(values)).Scored(record.Metrics);
            return;
        }

        if (values.Get(RunOptions.Format) == "json")
        {
            using var stream = new MemoryStream();
            using (var json = new Utf8JsonWriter(stream))
            {
                json.WriteStartObject();
                json.WriteString("kind", "eval");
                json.WriteNumber("step", record.Step);
                MetricsFile.WriteMetrics(json, record.Metrics, record.Loss);
                json.WriteEndObject();
            }

            console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(stream.ToArray()));
            return;
        }

        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{source.Description}: {record.Metrics.Samples:N0} samples"));
        RunSummary.Write(console.Out, record);
    }

    private static void WriteFiles(OptionValues values, RunData data, DlrmModel model, EvaluationRecord record)
    {
        if (!values.IsGiven(RunOptions.OutputDirectory))
        {
            return;
        }

        var folder = RunFolder.Of(values, TimeProvider.System);
        folder.Create();
        File.WriteAllText(folder.Config, RunRecord.ToJson("evaluate", values, data, model.Config, model.Engine));
        using var metrics = new MetricsFile(folder.Metrics);
        metrics.Evaluated(record);
    }
}
