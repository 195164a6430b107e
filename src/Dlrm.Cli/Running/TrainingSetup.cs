using Dlrm.Cli.Options;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>Turns options into the library's records for training.</summary>
internal static class TrainingSetup
{
    /// <summary>What the optimizer takes besides its name.</summary>
    public static OptimizerOptions Optimizer(OptionValues values) => new()
    {
        Momentum = (float)values.Get(TrainOptions.Momentum),
        EmbeddingL2 = (float)values.Get(AccuracyOptions.EmbeddingL2),
        AverageDecay = values.Get(AccuracyOptions.AverageWeights),
        WeightDecay = (float)values.Get(TrainOptions.WeightDecay),
        ClipGradientNorm = (float)values.Get(TrainOptions.ClipGradientNorm),
        FtrlBeta = (float)values.Get(TrainOptions.FtrlBeta),
        FtrlL1 = (float)values.Get(TrainOptions.FtrlL1),
        FtrlL2 = (float)values.Get(TrainOptions.FtrlL2),
    };

    /// <summary>How to train.</summary>
    /// <param name="values">The options.</param>
    /// <param name="batches">Batches of a pass over the data.</param>
    public static TrainingOptions Options(OptionValues values, int batches)
    {
        int limit = values.GetInt(TrainOptions.Batches);
        int accumulation = values.GetInt(TrainOptions.GradientAccumulation);
        int epoch = limit > 0 ? Math.Min(limit, batches) : batches;
        long steps = (long)values.GetInt(TrainOptions.Epochs) * ((epoch + (long)accumulation - 1) / accumulation);
        double sparse = values.Get(TrainOptions.SparseLearningRate);
        bool mlperf = values.Get(TrainOptions.MlperfLogging);
        return new TrainingOptions
        {
            Epochs = values.GetInt(TrainOptions.Epochs),
            BatchLimit = values.GetInt(TrainOptions.Batches),
            GradientAccumulation = accumulation,
            PrintFrequency = values.GetInt(TrainOptions.PrintFrequency),
            TestFrequency = values.GetInt(TrainOptions.TestFrequency),
            LearningRate = Schedule(values, values.Get(TrainOptions.LearningRate), steps),
            SparseLearningRate = sparse < 0 ? null : Schedule(values, sparse, steps),
            BestByAuc = mlperf,
            StopAtAccuracy = mlperf ? values.Get(TrainOptions.AccuracyThreshold) : 0,
            StopAtAuc = mlperf ? values.Get(TrainOptions.AucThreshold) : 0,
            NanPolicy = Enum.Parse<NanPolicy>(values.Get(TrainOptions.NanPolicy), ignoreCase: true),
        };
    }

    /// <summary>Adds what ends a run early and what lowers its rates.</summary>
    /// <param name="values">The options.</param>
    /// <param name="trainer">Not yet running.</param>
    /// <param name="keeper">Keeps the best parameters; null without early stopping.</param>
    public static void AddWatchers(OptionValues values, Trainer trainer, IParameterKeeper? keeper)
    {
        if (keeper is not null)
        {
            trainer.EarlyStopping = new EarlyStopping(keeper, values.GetInt(AccuracyOptions.EarlyStopping));
        }

        if (values.Get(AccuracyOptions.ReduceOnPlateau) is { Factor: > 0 } rule)
        {
            trainer.PlateauReduction = new PlateauReduction(rule.Factor, rule.Patience);
        }
    }

    /// <summary>Adds the further test sets.</summary>
    public static void AddTests(RunData data, Trainer trainer)
    {
        trainer.TestName = data.Validation is null ? data.TestName : null;
        foreach ((string name, IBatchSource source) in data.MoreTests)
        {
            trainer.AddTest(name, source);
        }
    }

    /// <summary>What the diagnosis of a run must know.</summary>
    public static RunFacts Facts(RunData data, DlrmConfig config) => new()
    {
        DenseFeatures = config.DenseFeatures,
        Tables = config.TableRows.Count,
        RandomLabels = data.RandomLabels,
        Loss = config.Loss,
        NegativeWeight = config.Loss == "wbce" ? config.LossWeights[0] : 1,
        PositiveWeight = config.Loss == "wbce" ? config.LossWeights[1] : 1,
    };

    private static LearningRateSchedule Schedule(OptionValues values, double rate, long steps) => LearningRateSchedule.Create(
        values.Get(TrainOptions.Schedule),
        rate,
        values.Get(TrainOptions.WarmUpSteps),
        values.Get(TrainOptions.DecayStart),
        values.Get(TrainOptions.DecaySteps),
        steps);
}
