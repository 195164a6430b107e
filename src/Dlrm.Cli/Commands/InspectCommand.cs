using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Inspecting;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Data.Folders;
using Dlrm.Interop.Models;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Random;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm inspect</c>.</summary>
internal sealed class InspectCommand : ToolCommand
{
    public override string Name => "inspect";

    public override string Summary => "describes a model or a data set: tables, layers, bytes, FLOPs, rows";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm inspect runs/20260102-150405/model", "a saved model; every byte is checked against its manifest"),
        ("dlrm inspect --arch-mlp-bot=13-512-256-64-16 --arch-mlp-top=512-256-1 --arch-sparse-feature-size=16 "
            + "--arch-embedding-size=1460-583-10131227 --mini-batch-size=2048",
            "a model that the options name, before anything is allocated"),
        ("dlrm inspect --data-generation=dataset --raw-data-file=train.txt --arch-mlp-bot=13-64-16 "
            + "--arch-sparse-feature-size=16",
            "a data set, and the model for it"),
    ];

    public override ToolOption Positional => RunOptions.LoadModel;

    public override IReadOnlyList<ToolOption> Options => field ??=
    [
        RunOptions.LoadModel, RunOptions.Config, RunOptions.Format, .. ModelOptions.Architecture, PrecisionOptions.EmbeddingType, .. ModelOptions.Losses,
        .. DataOptions.All, .. DataSetOptions.Reading, DataSetOptions.Head, TrainOptions.BatchSize, TrainOptions.TestBatchSize, TrainOptions.Batches, TrainOptions.Seed,
    ];

    public override int Run(OptionValues values, ToolConsole console)
    {
        string path = values.Get(RunOptions.LoadModel);
        if (path.Length > 0 && !Directory.Exists(path) && !(ForeignModel.IsNamed(path) && File.Exists(path)))
        {
            throw new UsageException($"--load-model={path}: there is no such folder.");
        }

        if (DataSetFolder.IsDataSet(path))
        {
            return DataSetInspection.Run(path, values, console);
        }

        using RunData? data = LoadData(values, console);
        DlrmConfig config;
        JsonObject saved = [];
        if (ForeignModel.IsNamed(path))
        {
            using ModelFile file = ForeignModel.Open(path, values);
            config = file.Config;
            saved["path"] = file.Path;
            saved["step"] = file.Counters?.Steps;
        }
        else if (path.Length > 0)
        {
            using ModelFolder folder = ModelSetup.Open(path, error: console.Error);
            config = DlrmConfig.FromJson(folder.ConfigJson);
            saved["path"] = folder.FullPath;
            saved["step"] = folder.StateJson is { } state ? JsonNode.Parse(state)?["step"]?.DeepClone() : null;
            saved["files"] = new JsonArray([.. folder.FileNames.Select(name => JsonValue.Create(name))]);
        }
        else
        {
            config = ModelSetup.Config(values, data?.Train);
        }

        var details = new InspectionDetails(values, config, path, data);
        var description = new ModelDescription(config, values.GetInt(TrainOptions.BatchSize));
        if (values.Get(RunOptions.Format) == "json")
        {
            JsonObject json = description.ToJson();
            json["saved"] = saved.Count == 0 ? null : saved;
            json["data"] = data is null ? null : DataFacts(data);
            details.AddTo(json);
            console.Out.WriteLine(json.ToJsonString());
            return ExitCode.Done;
        }

        if (saved.Count > 0)
        {
            console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{saved["path"]}: saved after step {saved["step"] ?? "?"}{(saved.ContainsKey("files") ? "; every file matches its hash" : "")}"));
            console.Out.WriteLine();
        }

        if (data is not null)
        {
            foreach ((string name, JsonNode? value) in DataFacts(data))
            {
                console.Out.WriteLine($"{name.Replace('_', ' '),-16}{value}");
            }

            console.Out.WriteLine();
        }

        description.Write(console.Out);
        details.Write(console.Out);
        long memory = config.EstimateBytes(values.GetInt(TrainOptions.BatchSize), training: true);
        if (memory > SystemMemory.AvailableBytes)
        {
            console.Out.WriteLine($"This machine has {SystemMemory.Describe(SystemMemory.AvailableBytes)}: it cannot be trained here.");
        }

        return ExitCode.Done;
    }

    /// <summary>The data that the options name, when they name any.</summary>
    private static RunData? LoadData(OptionValues values, ToolConsole console)
    {
        Contradictions.CheckData(values);
        if (DataOptions.AreDrawn(values))
        {
            return null;
        }

        var data = RunData.Load(
            values,
            new NumpyRandom(values.Get(TrainOptions.Seed)),
            new LoadLines(console.Error, TimeProvider.System),
            CancellationToken.None);
        foreach (string line in data.Messages)
        {
            console.Error.WriteLine(line);
        }

        return data;
    }

    private static JsonObject DataFacts(RunData data)
    {
        var facts = (JsonObject)data.Facts.DeepClone();
        facts["train_samples"] = data.Train.SampleCount;
        facts["test_samples"] = data.Test.SampleCount;
        facts["dense_features"] = data.Train.DenseFeatures;
        facts["tables"] = data.Train.TableRows.Count;
        return facts;
    }
}
