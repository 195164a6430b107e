using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>One run of <c>dlrm quantize</c>: a model folder in, a smaller one out, and a table of what became of each part.</summary>
internal sealed class QuantizeRun(OptionValues given, ToolConsole console)
{
    private static readonly string[] Rewritten = ["config.json", "state.json", "manifest.json", ServingRecord.FileName];

    /// <summary>Quantizes.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        using var interruption = new Interruption(console.Error);
        try
        {
            using ModelFolder folder = ModelSetup.Open(given.Get(RunOptions.LoadModel), error: console.Error);
            return Run(folder, interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            console.Error.WriteLine("Interrupted; nothing was written.");
            return ExitCode.Interrupted;
        }
    }

    private int Run(ModelFolder folder, CancellationToken stop)
    {
        DlrmConfig saved = DlrmConfig.FromJson(folder.ConfigJson);
        if (saved.Precision.IsQuantized)
        {
            throw new UsageException(
                $"--load-model={folder.FullPath} is quantized already ({saved.Precision}): quantize the model that it was made from.");
        }

        bool auto = given.Get(PrecisionOptions.Auto);
        ModelPrecision? precision = auto ? null : PrecisionSetup.Requested(given, saved);
        using Engine engine = ModelSetup.CreateEngine(given);
        PrecisionSearchResult? found = null;
        using DlrmModel source = auto ? LoadWithData(engine, stop, out found) : LoadAlone(folder, saved, engine);
        precision ??= found!.Precision;
        using DlrmModel model = ModelQuantizer.Quantize(source, precision);
        Save(folder, model);
        Print(source.Config, model.Config, found);
        return ExitCode.Done;
    }

    private static DlrmModel LoadAlone(ModelFolder folder, DlrmConfig saved, Engine engine)
    {
        var model = new DlrmModel(saved, engine, optimizer: null);
        folder.ReadAll([.. model.Parameters]);
        model.ParametersChanged();
        return model;
    }

    private DlrmModel LoadWithData(Engine engine, CancellationToken stop, out PrecisionSearchResult found)
    {
        OptionValues values = EvaluationRun.WithOptionsOfTheModel(given, out _);
        Contradictions.CheckData(values);
        bool quiet = values.Get(TrainOptions.Quiet);
        var random = new NumpyRandom(values.Get(TrainOptions.Seed));
        using RunData data = RunData.Load(values, random, quiet ? null : new LoadLines(console.Error, TimeProvider.System), stop);
        DlrmModel model = ModelSetup.Load(values.Get(RunOptions.LoadModel), values, data, engine, optimizer: null);
        try
        {
            double bound = values.Get(PrecisionOptions.MaxLossIncrease);
            int batches = values.GetInt(TrainOptions.Batches);
            found = new PrecisionSearch(model, Measure, bound, quiet ? null : console.Error.WriteLine).Run();
            return model;

            double Measure(DlrmModel candidate)
            {
                using var evaluator = new Evaluator(candidate, data.Test, batches);
                evaluator.Run(progress: null, stop);
                return evaluator.Loss;
            }
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private void Save(ModelFolder folder, DlrmModel model)
    {
        // What else the folder holds goes along: the options of its run, vocabularies.
        string[] others = [.. folder.FileNames.Where(name =>
            !Rewritten.Contains(name)
            && !name.StartsWith("model", StringComparison.Ordinal)
            && !name.StartsWith("optimizer", StringComparison.Ordinal))];
        var files = others.ToDictionary(name => name, name => (Action<Stream>)(target =>
        {
            using Stream source = folder.OpenFile(name);
            source.CopyTo(target);
        }));
        if (folder.ServingRecord is { } record)
        {
            string json = record.ScoredBy(model).ToJson();
            files[ServingRecord.FileName] = stream => stream.Write(Encoding.UTF8.GetBytes(json));
        }

        ModelFolder.Save(given.Get(RunOptions.SaveModel), new ModelContents
        {
            ConfigJson = model.Config.ToJson(),
            Tensors = [.. model.Parameters.Select(TensorSource.Of)],
            StateJson = folder.StateJson,
            Files = files,
        });
    }

    private void Print(DlrmConfig before, DlrmConfig after, PrecisionSearchResult? found)
    {
        TableLayout[] from = TableLayout.Of(before);
        TableLayout[] to = TableLayout.Of(after);
        (string Part, string Shape, int Bits, long Before, long After)[] parts =
        [
            .. from.Zip(to, (b, a) => ($"emb_l.{b.Number}", b.Shape, after.Precision.BitsOf(b.Number), b.Bytes, a.Bytes)),
            ("towers", "", after.Precision.MlpBits, Towers(before), Towers(after)),
        ];
        if (given.Get(RunOptions.Format) == "json")
        {
            console.Out.WriteLine(ToJson(before, after, parts, found).ToJsonString());
            return;
        }

        console.Out.WriteLine($"{"part",-12}{"shape",22}{"bits",6}{"before",12}{"after",12}{(found is null ? "" : "loss alone"),14}");
        foreach ((string part, string shape, int bits, long bytes, long smaller) in parts)
        {
            double? alone = found?.Trials.FirstOrDefault(trial => trial.Part == part && trial.Bits == bits)?.LossIncrease;
            console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{part,-12}{shape,22}{bits,6}{SystemMemory.Describe(bytes),12}{SystemMemory.Describe(smaller),12}{alone,14:+0.000000;-0.000000}"));
        }

        console.Out.WriteLine();
        if (found is not null)
        {
            console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"loss {found.LossBefore:0.000000} → {found.Loss:0.000000} ({found.Loss - found.LossBefore:+0.000000;-0.000000}; at most "
                + $"+{given.Get(PrecisionOptions.MaxLossIncrease):0.000000} was allowed)"));
        }

        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{SystemMemory.Describe(before.ParameterBytes)} → {SystemMemory.Describe(after.ParameterBytes)} "
            + $"({(double)after.ParameterBytes / before.ParameterBytes:0.0 %}): {given.Get(RunOptions.SaveModel)}"));
    }

    private JsonObject ToJson(
        DlrmConfig before,
        DlrmConfig after,
        (string Part, string Shape, int Bits, long Before, long After)[] parts,
        PrecisionSearchResult? found)
    {
        var json = new JsonObject
        {
            ["model"] = given.Get(RunOptions.SaveModel),
            ["bytes_before"] = before.ParameterBytes,
            ["bytes"] = after.ParameterBytes,
            ["parts"] = new JsonArray([.. parts.Select(part => new JsonObject
            {
                ["name"] = part.Part,
                ["bits"] = part.Bits,
                ["bytes_before"] = part.Before,
                ["bytes"] = part.After,
            })]),
        };
        if (found is not null)
        {
            json["loss_before"] = found.LossBefore;
            json["loss"] = found.Loss;
            json["trials"] = new JsonArray([.. found.Trials.Select(trial => new JsonObject
            {
                ["part"] = trial.Part,
                ["bits"] = trial.Bits,
                ["bytes_saved"] = trial.Saved,
                ["loss_increase"] = trial.LossIncrease,
                ["kept"] = trial.Kept,
            })]);
        }

        return json;
    }

    private static long Towers(DlrmConfig config) => config.ParameterBytes - TableLayout.Of(config).Sum(table => table.Bytes);
}
