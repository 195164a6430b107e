using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Model;
using Dlrm.Mpi;
using Dlrm.Random;
using Dlrm.Reports.Recorded;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>One test pass: <c>dlrm evaluate</c>, and <c>dlrm train --inference-only</c>.</summary>
internal sealed class EvaluationRun(OptionValues given, ToolConsole console, bool referenceLines, MpiJob? job = null)
{
    /// <summary>Scores the test samples and prints the metrics.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        using var interruption = new Interruption(console.Error, asRank: job is not null);
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
        OptionValues values = WithOptionsOfTheModel(given, out long step);
        Contradictions.Check(values);
        PrecisionSetup.Check(values, training: false);
        var ranks = new RankTeam(values, job);
        ranks.Check();
        using Engine engine = ModelSetup.CreateEngine(values, job);
        ProfileOutput.Start(values, engine);
        var random = new NumpyRandom(values.Get(TrainOptions.Seed));
        using RunData data = RunData.Load(
            values, random, values.Get(TrainOptions.Quiet) ? null : new LoadLines(console.Error, TimeProvider.System), stop);
        foreach (string line in data.Messages)
        {
            console.Error.WriteLine(line);
        }

        DebugLines? debug = referenceLines && values.Get(TrainOptions.DebugMode) ? new DebugLines(console.Out, values) : null;
        DlrmConfig config = ModelSetup.Config(values, data.BringsShape ? data.Train : null);
        ranks.Agree(data, config, resume: null);
        debug?.Described(config, data.Train);
        using DlrmModel model = CreateModel(values, engine, data, random, ranks.Options);
        debug?.Initialized(model);
        string load = values.Get(RunOptions.LoadModel);
        if (referenceLines)
        {
            foreach (string line in ForeignModel.IsNamed(load) ? ForeignModel.Lines(load, values, ForeignModel.Counters(load, values)) : [])
            {
                console.Out.WriteLine(line);
            }

            console.Out.WriteLine("Testing for inference only");
        }

        if (load.Length > 0 && given.Options.Contains(DataSetOptions.PriorCorrection)
            && values.Get(DataSetOptions.PriorCorrection)
            && PriorCorrection.Apply(load, model, data.NegativesDropped) is { } corrected)
        {
            console.Error.WriteLine(corrected);
        }

        foreach ((string? name, IBatchSource source) in Tests(data))
        {
            using var evaluator = new Evaluator(model, source, values.GetInt(TrainOptions.Batches));
            if (FeatureChoice.Tables(values, data) is { Length: > 0 } sliced)
            {
                evaluator.Slices = new SliceMetrics(sliced);
            }

            EvaluationMetrics metrics = evaluator.Run(progress: null, stop);
            var record = new EvaluationRecord(
                step, evaluator.BatchCount, evaluator.BatchCount, 0, metrics, evaluator.Loss, metrics.Accuracy, metrics.Auc, IsBest: true)
            {
                Part = name,
            };
            IReadOnlyList<RecordedSlices> slices = SliceNames.Named(evaluator.Slices, data);
            GroupAuc? groups = evaluator.Groups?.Compute();
            Print(values, source, record, slices, groups);
            if (source == data.Test && ranks.IsFirst)
            {
                WriteFiles(values, data, model, record, new RecordedCurves(step, evaluator.Scores.ComputeCurves(), slices, groups));
            }
        }

        if (referenceLines)
        {
            ForeignModel.SaveOnnx(values, model, console.Error);
        }

        return ExitCode.Done;
    }

    private static IEnumerable<(string? Name, IBatchSource Source)> Tests(RunData data) =>
        data.MoreTests.Select(test => ((string?)test.Name, test.Source)).Prepend((data.TestName, data.Test));

    /// <summary>The options given, and below them those that the saved model was trained with.</summary>
    public static OptionValues WithOptionsOfTheModel(OptionValues given, out long step)
    {
        step = 0;
        string path = given.Get(RunOptions.LoadModel);
        if (ForeignModel.IsNamed(path) && File.Exists(path))
        {
            return ForeignModel.WithArchitecture(given);
        }

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

    private DlrmModel CreateModel(
        OptionValues values, Engine engine, RunData data, NumpyRandom random, DistributedOptions? distributed)
    {
        string load = values.Get(RunOptions.LoadModel);
        if (load.Length > 0)
        {
            return PrecisionSetup.Apply(ModelSetup.Load(load, values, data, engine, optimizer: null, console.Error, distributed), values);
        }

        var model = new DlrmModel(ModelSetup.Config(values, data.BringsShape ? data.Train : null), engine, optimizer: null, distributed: distributed);
        model.Initialize(random, new TorchRandom(values.Get(TrainOptions.Seed)));
        return PrecisionSetup.Apply(model, values);
    }

    private void Print(
        OptionValues values, IBatchSource source, EvaluationRecord record, IReadOnlyList<RecordedSlices> slices, GroupAuc? groups)
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
                if (record.Part is { } part)
                {
                    json.WriteString("part", part);
                }

                json.WriteNumber("step", record.Step);
                MetricsFile.WriteMetrics(json, record.Metrics, record.Loss);
                if (groups is not null)
                {
                    json.WriteStartObject("groups");
                    json.WriteNumber("count", groups.Groups);
                    json.WriteNumber("ranked", groups.Ranked);
                    json.WriteNumber("samples", groups.Samples);
                    if (groups.Value is { } auc)
                    {
                        json.WriteNumber("auc", auc);
                    }
                    else
                    {
                        json.WriteNull("auc");
                    }

                    json.WriteEndObject();
                }

                if (slices.Count > 0)
                {
                    json.WritePropertyName("slices");
                    new JsonArray([.. slices.Select(CurvesFile.Slices)]).WriteTo(json);
                }

                json.WriteEndObject();
            }

            console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(stream.ToArray()));
            return;
        }

        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{source.Description}: {record.Metrics.Samples:N0} samples"));
        RunSummary.Write(console.Out, record);
        if (groups is not null)
        {
            string value = groups.Value is { } auc ? auc.ToString("0.0000", CultureInfo.InvariantCulture) : "undefined (one class)";
            console.Out.WriteLine($"{"AUC by group",-20}{value,26}");
            console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{"",-20}{groups.Ranked:N0} of {groups.Groups:N0} groups have both labels"));
        }

        SliceTable.Write(console.Out, slices);
    }

    private void WriteFiles(
        OptionValues values, RunData data, DlrmModel model, EvaluationRecord record, RecordedCurves curves)
    {
        bool seeing = values.Get(TrainOptions.Profiling) || values.Get(TrainOptions.PlotGraph);
        if (!values.IsGiven(RunOptions.OutputDirectory) && !seeing)
        {
            return;
        }

        var folder = RunFolder.Of(values, TimeProvider.System);
        folder.Create();
        File.WriteAllText(folder.Config, RunRecord.ToJson("evaluate", values, data, model.Config, model.Engine));
        GraphOutput.Write(values, model.Config, folder);
        ProfileOutput.Write(model.Engine, folder, values.Get(TrainOptions.Quiet) ? TextWriter.Null : console.Error);
        using var metrics = new MetricsFile(folder.Metrics);
        metrics.Evaluated(record);
        CurvesFile.Write(folder.Curves, curves);
    }
}
