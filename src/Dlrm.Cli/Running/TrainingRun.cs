using System.Globalization;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Interop.Models;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Mpi;
using Dlrm.Random;
using Dlrm.Reports.Recorded;
using Dlrm.Training;
using Spectre.Console;

namespace Dlrm.Cli.Running;

/// <summary>One run of <c>dlrm train</c>, from the options to the saved model.</summary>
internal sealed class TrainingRun(OptionValues values, ToolConsole console, ResumePoint? resume = null, MpiJob? job = null)
{
    private readonly bool _quiet = values.Get(TrainOptions.Quiet) || job is { Communicator.Rank: > 0 };
    private readonly RankTeam _ranks = new(values, job);
    private readonly DateTimeOffset _started = TimeProvider.System.GetLocalNow();
    private TrainingCounters? _before; // Where the run of a loaded checkpoint of PyTorch stood.

    /// <summary>Where lines for people go: beside the reference's lines they would disturb who reads those.</summary>
    private TextWriter People => _quiet ? TextWriter.Null : console.IsTerminal ? console.Out : console.Error;

    /// <summary>What --debug-mode prints; null without it.</summary>
    private DebugLines? DebugLines => values.Get(TrainOptions.DebugMode) && !_quiet ? new DebugLines(console.Out, values) : null;

    private bool PrintsReferenceLines => !_quiet && !console.IsTerminal;

    /// <summary>Trains.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        using var interruption = new Interruption(console.Error, asRank: job is not null);
        try
        {
            return Run(interruption);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            console.Error.WriteLine("Interrupted before the first step; nothing is saved.");
            return ExitCode.Interrupted;
        }
    }

    private int Run(Interruption interruption)
    {
        foreach (string line in Contradictions.WithoutEffect(values))
        {
            console.Error.WriteLine($"Warning: {line}");
        }

        _ranks.Check();
        RunFolder folder = _ranks.Folder(RunFolder.Of(values, TimeProvider.System));
        try
        {
            return Run(folder, interruption);
        }
        finally
        {
            folder.Remove();
        }
    }

    private int Run(RunFolder folder, Interruption interruption)
    {
        CancellationToken stop = interruption.Token;
        // What is not divided among ranks is the first one's.
        bool goesOnHere = resume is { GoesOnHere: true } || !_ranks.IsFirst;
        if (!goesOnHere && new CheckpointFolder(folder.Checkpoints).List().Count > 0)
        {
            throw new UsageException(
                $"{RunOptions.OutputDirectory.Switch}={folder.Path} holds checkpoints of another run: add --resume to go on with it, or name "
                + "another folder.");
        }

        using RunLock? early = !goesOnHere && Directory.Exists(folder.Path) ? RunLock.Take(folder.Path) : null;
        if (_ranks.IsFirst)
        {
            CheckTargets(folder);
        }

        PrecisionSetup.Check(values, training: true);
        using Engine engine = ModelSetup.CreateEngine(values, job);
        ProfileOutput.Start(values, engine);
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
        DlrmConfig config = ModelSetup.Config(values, data.BringsShape ? data.Train : null);
        _ranks.Agree(data, config, resume);
        DebugLines?.Described(config, data.Train);
        using DlrmModel model = CreateModel(engine, data, random);
        model.RandomSeed = values.Get(TrainOptions.Seed);
        DebugLines?.Initialized(model);
        if (_ranks.IsFirst)
        {
            folder.Create();
        }

        using RunLock? late = goesOnHere || early is not null ? null : RunLock.Take(folder.Path);
        GraphOutput.Write(values, model.Config, folder);
        string record = RunRecord.ToJson("train", values, data, model.Config, engine);
        WriteWhole(folder.Config, record);
        Introduce(data, model, folder);
        // Not of data that are drawn: reading a batch early would advance the generator.
        var saver = new ModelSaver(model, record, data.EncodingFiles)
        {
            Samples = data.RandomLabels ? null : ServingRecord.Take(data.Test),
        };
        return Train(data, model, folder, saver, interruption);
    }

    private void CheckTargets(RunFolder folder)
    {
        ModelSaver.CheckTarget(folder.Model, RunOptions.OutputDirectory.Switch);
        if (values.Get(RunOptions.SaveModel) is { Length: > 0 } best)
        {
            ModelSaver.CheckTarget(best, RunOptions.SaveModel.Switch);
        }
    }

    /// <summary>A file that a crash leaves as it was or as it shall be.</summary>
    private static void WriteWhole(string path, string text)
    {
        File.WriteAllText(path + ".tmp", text);
        File.Move(path + ".tmp", path, overwrite: true);
    }

    private DlrmModel CreateModel(Engine engine, RunData data, NumpyRandom random)
    {
        if (resume?.Folder is not null)
        {
            return ModelSetup.Resume(resume, values, data, engine, _ranks.Options);
        }

        string load = values.Get(RunOptions.LoadModel);
        string optimizer = values.Get(TrainOptions.Optimizer);
        if (load.Length == 0)
        {
            var fresh = new DlrmModel(
                ModelSetup.Config(values, data.BringsShape ? data.Train : null),
                engine,
                optimizer,
                TrainingSetup.Optimizer(values),
                _ranks.Options);
            ModelSetup.Initialize(fresh, values, random);
            return fresh;
        }

        if (ForeignModel.IsNamed(load))
        {
            _before = ForeignModel.Counters(load, values);
            foreach (string line in PrintsReferenceLines ? ForeignModel.Lines(load, values, _before) : [])
            {
                console.Out.WriteLine(line);
            }
        }

        DlrmModel model = ModelSetup.Load(load, values, data, engine, optimizer, console.Error, _ranks.Options);
        if (!ModelSetup.RestoreOptimizer(load, values, model))
        {
            console.Error.WriteLine(
                $"Warning: {load} holds no state of --optimizer={optimizer} for these parameters; the optimizer starts anew.");
        }

        return model;
    }

    private int Train(RunData data, DlrmModel model, RunFolder folder, ModelSaver saver, Interruption interruption)
    {
        CancellationToken stop = interruption.Token;
        var checkpoints = new RunCheckpoints(values, folder, resume, _ranks.IsFirst);
        using MetricsFile metrics = checkpoints.OpenMetrics();
        using var watchers = new RunWatchers(_ranks.Own(values), data, model, folder, _started);
        var history = new RunHistory();
        LiveProgress? live = console.IsTerminal && !_quiet ? new LiveProgress(AnsiConsole.Console) : null;
        var observers = new List<ITrainingObserver>([metrics, history, .. watchers.Observers]);
        if (PrintsReferenceLines)
        {
            observers.Add(new ReferenceLines(
                console.Out, ReferenceLineOptions.From(values) with { BestAccuracy = _before?.TestAccuracy ?? 0 }));
        }

        BestModel? best = null;
        if (values.Get(RunOptions.SaveModel) is { Length: > 0 } path)
        {
            observers.Add(best = new BestModel(saver, path, values, PrintsReferenceLines ? console.Out : null));
        }

        if (checkpoints.Best is { } keeper)
        {
            observers.Add(keeper);
        }

        observers.Add(live is null ? new WarningLines(console.Error) : live);
        var all = new Observers([.. observers]);
        FolderKeeper? keptBest = values.Get(AccuracyOptions.EarlyStopping) > 0 ? new FolderKeeper(model, saver, folder.BestValidation) : null;
        using var trainer = new Trainer(
            model,
            data.Train,
            data.Validation ?? data.Test,
            TrainingSetup.Options(values, data.Train.BatchCount),
            all,
            new RunDiagnostics(TrainingSetup.Facts(data, model.Config)));
        TrainingSetup.AddWatchers(values, trainer, keptBest);
        TrainingSetup.AddTests(data, trainer);
        watchers.Attach(trainer.Evaluator);
        saver.Tests = trainer.Evaluator;
        trainer.Register(history);
        using Checkpointer checkpointer = checkpoints.Begin(trainer, model, saver, metrics, all.Warned, console.Error);
        if (resume?.State is not null)
        {
            history.GoOn(folder.Metrics);
        }
        else if (_before is { } before)
        {
            trainer.StartAfter(ForeignModel.Start(before), stop);
            foreach (string line in ForeignModel.NothingLeft(before, values, data.Train.BatchCount))
            {
                console.Error.WriteLine(line);
            }
        }

        TrainingResult result;
        try
        {
            interruption.Tell = live is null ? null : live.Tell;
            result = live is null ? trainer.Run(stop) : live.Run(() => trainer.Run(stop));
        }
        catch (NonFiniteLossException exception)
        {
            console.Error.WriteLine($"dlrm train: {exception.Message}");
            console.Error.WriteLine($"No model was saved. What was measured until then is in {folder.Metrics}.");
            return ExitCode.Failed;
        }

        interruption.Tell = null;
        checkpointer.Finish();
        string end = trainer.Save().ToJson(); // before the final line, which a run that goes on writes at its own end
        EvaluationRecord? final = Final(data, model, metrics, result);
        ProfileOutput.Write(model.Engine, folder, People);
        DebugLines?.Updated(model);
        ForeignModel.SaveOnnx(values, model, People);
        if (_ranks.IsFirst)
        {
            IReadOnlyList<RecordedSlices> slices = watchers.Conclude(result.Last, trainer.Evaluator);
            RunReporting.Write(folder.Report, values, data, model, history, trainer.Evaluator, slices, result, _started);
        }

        int code;
        if (result.End == TrainingEnd.Interrupted)
        {
            code = SaveInterrupted(checkpointer, trainer, folder, history, result);
        }
        else
        {
            bool saved = saver.TrySave(folder.Model, end);
            if (saved && _ranks.IsFirst)
            {
                keptBest?.Remove();
            }

            if (saved && best is { Saved: false })
            {
                best.SaveLast(result);
            }

            Conclude(result, folder, saved, history, final);
            code = saved ? ExitCode.Done : ExitCode.Failed;
        }

        // After the checkpoint, which a resumed run goes on from: it has not ended.
        foreach (TrainingObserver observer in watchers.Observers.Prepend(metrics))
        {
            observer.Ended(RunEnd.Of(result));
        }

        return code;
    }

    private int SaveInterrupted(Checkpointer checkpointer, Trainer trainer, RunFolder folder, RunHistory history, TrainingResult result)
    {
        try
        {
            string checkpoint = checkpointer.SaveNow(trainer);
            Summarize(result, folder, history);
            console.Error.WriteLine($"Interrupted after step {result.Steps}; all of it is in {Path.Combine(folder.Checkpoints, Path.GetFileName(checkpoint))}.");
            console.Error.WriteLine("To go on as if nothing had happened:");
            console.Error.WriteLine($"  dlrm train --resume={folder.Path}");
            return ExitCode.Interrupted;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            console.Error.WriteLine(
                $"dlrm train: interrupted after step {result.Steps}, but it could not be saved: {exception.Message} Checkpoints written "
                + "before, if any, stand: --resume goes on with the newest.");
            return ExitCode.Failed;
        }
    }

    private void Introduce(RunData data, DlrmModel model, RunFolder folder)
    {
        int tables = model.Config.TableRows.Count;
        People.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Data    {data.Train.Description}: {data.Train.SampleCount:N0} samples, {data.Train.BatchCount:N0} steps an epoch"));
        People.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Model   {model.Config.ParameterCount:N0} parameters ({SystemMemory.Describe(model.Config.ParameterBytes)}), "
            + $"{tables} tables, {model.Config.Interaction} interaction, {model.Config.Loss} loss"));
        People.WriteLine(
            $"Engine  {Threads(model.Engine.Team.Workers)}, {model.Engine.InstructionSet.ToString().ToLowerInvariant()}");
        foreach (string line in _ranks.Lines)
        {
            People.WriteLine(line);
        }

        People.WriteLine($"Output  {folder.Path}");
        People.WriteLine();
    }

    /// <summary>Scores the test samples once, where tests were on samples held out of training.</summary>
    private static EvaluationRecord? Final(RunData data, DlrmModel model, MetricsFile metrics, TrainingResult result)
    {
        if (data.Validation is null || result.End == TrainingEnd.Interrupted)
        {
            return null;
        }

        using var evaluator = new Evaluator(model, data.Test);
        EvaluationMetrics scores = evaluator.Run();
        var record = new EvaluationRecord(
            result.Steps, evaluator.BatchCount, evaluator.BatchCount, 0, scores, evaluator.Loss, scores.Accuracy, scores.Auc, IsBest: true);
        metrics.Final(record);
        return record;
    }

    private void Conclude(TrainingResult result, RunFolder folder, bool saved, RunHistory history, EvaluationRecord? final)
    {
        Summarize(result, folder, history, final);
        if (saved)
        {
            People.WriteLine($"Model   {folder.Model}");
        }
        else
        {
            console.Error.WriteLine("dlrm train: a parameter is not finite, so the model was not saved.");
        }

        if (result.End == TrainingEnd.StoppedEarly)
        {
            People.WriteLine("Training ended because tests got no better; the model is that of the best one.");
        }
        else if (result.End == TrainingEnd.TargetReached)
        {
            People.WriteLine("Training ended because the target was reached.");
        }
    }

    private void Summarize(TrainingResult result, RunFolder folder, RunHistory history, EvaluationRecord? final = null)
    {
        People.WriteLine();
        if (result is { Last: { } last, Best: { } best })
        {
            RunSummary.Write(People, last, best);
            People.WriteLine();
        }

        foreach (EvaluationRecord part in history.FurtherTests.GroupBy(record => record.Part).Select(records => records.Last()))
        {
            People.WriteLine(string.Create(CultureInfo.InvariantCulture, $"On the {part.Part} part, step {part.Step}, {part.Metrics.Samples:N0} samples:"));
            RunSummary.Write(People, part);
            People.WriteLine();
        }

        if (final is not null)
        {
            People.WriteLine("On the test samples, which no choice has seen:");
            RunSummary.Write(People, final);
            People.WriteLine();
        }

        double seconds = result.TrainingTime.TotalSeconds;
        People.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Trained {result.Steps:N0} steps, {result.Samples:N0} samples in {seconds:0.0} s ({result.Samples / Math.Max(seconds, 1e-9):N0} samples/s)"));
        People.WriteLine($"Report  {folder.Report}");
    }

    private static string Threads(int count) => count == 1 ? "1 thread" : string.Create(CultureInfo.InvariantCulture, $"{count} threads");
}
