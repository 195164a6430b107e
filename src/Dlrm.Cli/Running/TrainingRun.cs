using System.Globalization;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Reports.Recorded;
using Dlrm.Training;
using Spectre.Console;

namespace Dlrm.Cli.Running;

/// <summary>One run of <c>dlrm train</c>, from the options to the saved model.</summary>
internal sealed class TrainingRun(OptionValues values, ToolConsole console)
{
    private readonly bool _quiet = values.Get(TrainOptions.Quiet);
    private readonly DateTimeOffset _started = TimeProvider.System.GetLocalNow();

    /// <summary>Where lines for people go: beside the reference's lines they would disturb who reads those.</summary>
    private TextWriter People => _quiet ? TextWriter.Null : console.IsTerminal ? console.Out : console.Error;

    private bool PrintsReferenceLines => !_quiet && !console.IsTerminal;

    /// <summary>Trains.</summary>
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
            console.Error.WriteLine("Interrupted before the first step; nothing is saved.");
            return ExitCode.Interrupted;
        }
    }

    private int Run(CancellationToken stop)
    {
        foreach (string line in Contradictions.WithoutEffect(values))
        {
            console.Error.WriteLine($"Warning: {line}");
        }

        RunFolder folder = RunFolder.Of(values, TimeProvider.System);
        ModelSaver.CheckTarget(folder.Model, RunOptions.OutputDirectory.Switch);
        if (values.Get(RunOptions.SaveModel) is { Length: > 0 } best)
        {
            ModelSaver.CheckTarget(best, RunOptions.SaveModel.Switch);
        }

        using Engine engine = ModelSetup.CreateEngine(values);
        if (PrintsReferenceLines)
        {
            console.Out.WriteLine("Using CPU...");
        }

        var random = new NumpyRandom(values.Get(TrainOptions.Seed));
        var progress = _quiet ? null : new LoadLines(console.Error, TimeProvider.System);
        using RunData data = RunData.Load(values, random, progress, stop);
        foreach (string line in data.Messages)
        {
            console.Error.WriteLine(line);
        }

        foreach (string line in ModelSetup.Overruled(values, data))
        {
            console.Error.WriteLine($"Warning: {line}");
        }

        _ = FeatureChoice.Tables(values, data);
        using DlrmModel model = CreateModel(engine, data, random);
        folder.Create();
        string record = RunRecord.ToJson("train", values, data, model.Config, engine);
        File.WriteAllText(folder.Config, record);
        Introduce(data, model, folder);
        return Train(data, model, folder, new ModelSaver(model, record), stop);
    }

    private DlrmModel CreateModel(Engine engine, RunData data, NumpyRandom random)
    {
        string load = values.Get(RunOptions.LoadModel);
        string optimizer = values.Get(TrainOptions.Optimizer);
        if (load.Length == 0)
        {
            var fresh = new DlrmModel(
                ModelSetup.Config(values, data.BringsShape ? data.Train : null),
                engine,
                optimizer,
                TrainingSetup.Optimizer(values));
            fresh.Initialize(random, new TorchRandom(values.Get(TrainOptions.Seed)));
            return fresh;
        }

        DlrmModel model = ModelSetup.Load(load, values, data, engine, optimizer);
        if (!ModelSetup.RestoreOptimizer(load, model))
        {
            console.Error.WriteLine(
                $"Warning: {load} holds no state of --optimizer={optimizer} for these parameters; the optimizer starts anew.");
        }

        return model;
    }

    private int Train(RunData data, DlrmModel model, RunFolder folder, ModelSaver saver, CancellationToken stop)
    {
        using var metrics = new MetricsFile(folder.Metrics);
        using var watchers = new RunWatchers(values, data, model, folder, _started);
        var history = new RunHistory();
        LiveProgress? live = console.IsTerminal && !_quiet ? new LiveProgress(AnsiConsole.Console) : null;
        var observers = new List<ITrainingObserver>([metrics, history, .. watchers.Observers]);
        if (PrintsReferenceLines)
        {
            observers.Add(new ReferenceLines(console.Out, ReferenceLineOptions.From(values)));
        }

        BestModel? best = null;
        if (values.Get(RunOptions.SaveModel) is { Length: > 0 } path)
        {
            observers.Add(best = new BestModel(saver, path, PrintsReferenceLines ? console.Out : null));
        }

        observers.Add(live is null ? new WarningLines(console.Error) : live);
        using var trainer = new Trainer(
            model,
            data.Train,
            data.Test,
            TrainingSetup.Options(values, data.Train.BatchCount),
            new Observers([.. observers]),
            new RunDiagnostics(TrainingSetup.Facts(data, model.Config)));
        watchers.Attach(trainer.Evaluator);
        TrainingResult result;
        try
        {
            result = live is null ? trainer.Run(stop) : live.Run(() => trainer.Run(stop));
        }
        catch (NonFiniteLossException exception)
        {
            console.Error.WriteLine($"dlrm train: {exception.Message}");
            console.Error.WriteLine($"No model was saved. What was measured until then is in {folder.Metrics}.");
            return ExitCode.Failed;
        }

        bool saved = saver.TrySave(folder.Model, result.Steps, result.Samples);
        if (saved && best is { Saved: false })
        {
            saver.TrySave(values.Get(RunOptions.SaveModel), result.Steps, result.Samples);
        }

        IReadOnlyList<RecordedSlices> slices = watchers.Conclude(result.Last, trainer.Evaluator);
        RunReporting.Write(folder.Report, values, data, model, history, trainer.Evaluator, slices, result, _started);
        foreach (TrainingObserver observer in watchers.Observers.Prepend(metrics))
        {
            observer.Ended(RunEnd.Of(result));
        }

        Conclude(result, folder, saved);
        return result.End == TrainingEnd.Interrupted ? ExitCode.Interrupted : saved ? ExitCode.Done : ExitCode.Failed;
    }

    private void Introduce(RunData data, DlrmModel model, RunFolder folder)
    {
        int tables = model.Config.TableRows.Count;
        People.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Data    {data.Train.Description}: {data.Train.SampleCount:N0} samples, {data.Train.BatchCount:N0} steps an epoch"));
        People.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Model   {model.Config.ParameterCount:N0} parameters ({SystemMemory.Describe(model.Config.ParameterCount * sizeof(float))}), "
            + $"{tables} tables, {model.Config.Interaction} interaction, {model.Config.Loss} loss"));
        People.WriteLine(
            $"Engine  {Threads(model.Engine.Team.Workers)}, {model.Engine.InstructionSet.ToString().ToLowerInvariant()}");
        People.WriteLine($"Output  {folder.Path}");
        People.WriteLine();
    }

    private void Conclude(TrainingResult result, RunFolder folder, bool saved)
    {
        People.WriteLine();
        if (result is { Last: { } last, Best: { } best })
        {
            RunSummary.Write(People, last, best);
            People.WriteLine();
        }

        double seconds = result.TrainingTime.TotalSeconds;
        People.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Trained {result.Steps:N0} steps, {result.Samples:N0} samples in {seconds:0.0} s ({result.Samples / Math.Max(seconds, 1e-9):N0} samples/s)"));
        if (saved)
        {
            People.WriteLine($"Model   {folder.Model}");
        }
        else
        {
            console.Error.WriteLine("dlrm train: a parameter is not finite, so the model was not saved.");
        }

        People.WriteLine($"Report  {folder.Report}");
        if (result.End == TrainingEnd.TargetReached)
        {
            People.WriteLine("Training ended because the target was reached.");
        }
        else if (result.End == TrainingEnd.Interrupted)
        {
            console.Error.WriteLine($"Interrupted after step {result.Steps}. To go on from there, with a new pass over the data:");
            console.Error.WriteLine($"  dlrm train --config={folder.Config} --load-model={folder.Model}");
        }
    }

    private static string Threads(int count) => count == 1 ? "1 thread" : string.Create(CultureInfo.InvariantCulture, $"{count} threads");
}
