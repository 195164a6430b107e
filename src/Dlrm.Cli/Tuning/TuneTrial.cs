using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Training;

namespace Dlrm.Cli.Tuning;

/// <summary>One training of one setting.</summary>
/// <param name="Setting">Number of the setting.</param>
/// <param name="Round">From 0.</param>
/// <param name="Seed">Of weights and shuffles.</param>
/// <param name="LogLoss">On the validation samples; null when training failed.</param>
/// <param name="Auc">On the validation samples; null when undefined.</param>
internal sealed record TuneTrial(int Setting, int Round, long Seed, double? LogLoss, double? Auc)
{
    /// <summary>Trains in this process and scores the validation samples; the test samples are not looked at.</summary>
    /// <param name="values">All options of the setting.</param>
    /// <param name="setting">Its number.</param>
    /// <param name="round">The round.</param>
    /// <param name="share">The share of each epoch's steps that is trained.</param>
    /// <param name="engine">What to compute with.</param>
    /// <param name="stop">Ends the training; the trial is then worth nothing.</param>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static TuneTrial Run(OptionValues values, int setting, int round, double share, Engine engine, CancellationToken stop)
    {
        long seed = values.Get(TrainOptions.Seed);
        var random = new NumpyRandom(seed);
        using RunData data = RunData.Load(values, random, progress: null, stop);
        using var model = new DlrmModel(
            ModelSetup.Config(values, data.BringsShape ? data.Train : null),
            engine,
            values.Get(TrainOptions.Optimizer),
            TrainingSetup.Optimizer(values));
        ModelSetup.Initialize(model, values, random);
        model.RandomSeed = seed;
        int batches = share < 1 ? Math.Max(1, (int)(data.Train.BatchCount * share)) : data.Train.BatchCount;

        // A schedule is that of the steps that are trained: it ends with them.
        TrainingOptions options = TrainingSetup.Options(values, batches) with
        {
            BatchLimit = batches,
            TestFrequency = -1,
            PrintFrequency = int.MaxValue,
        };
        using var trainer = new Trainer(model, data.Train, null, options, new Observers([]));
        try
        {
            trainer.Run(stop);
        }
        catch (NonFiniteLossException)
        {
            return new TuneTrial(setting, round, seed, null, null);
        }

        stop.ThrowIfCancellationRequested();
        using var evaluator = new Evaluator(model, data.Validation!);
        EvaluationMetrics metrics = evaluator.Run(stop: stop);
        return new TuneTrial(setting, round, seed, metrics.LogLoss, metrics.Auc);
    }
}
