using Dlrm.Cli.Options;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>Turns options into the library's records for training.</summary>
internal static class TrainingSetup
{
    /// <summary>How to train.</summary>
    public static TrainingOptions Options(OptionValues values)
    {
        bool mlperf = values.Get(TrainOptions.MlperfLogging);
        return new TrainingOptions
        {
            Epochs = values.GetInt(TrainOptions.Epochs),
            BatchLimit = values.GetInt(TrainOptions.Batches),
            PrintFrequency = values.GetInt(TrainOptions.PrintFrequency),
            TestFrequency = values.GetInt(TrainOptions.TestFrequency),
            LearningRate = new LearningRatePolicy(
                values.Get(TrainOptions.LearningRate),
                values.Get(TrainOptions.WarmUpSteps),
                values.Get(TrainOptions.DecayStart),
                values.Get(TrainOptions.DecaySteps)),
            BestByAuc = mlperf,
            StopAtAccuracy = mlperf ? values.Get(TrainOptions.AccuracyThreshold) : 0,
            StopAtAuc = mlperf ? values.Get(TrainOptions.AucThreshold) : 0,
            NanPolicy = Enum.Parse<NanPolicy>(values.Get(TrainOptions.NanPolicy), ignoreCase: true),
        };
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
}
