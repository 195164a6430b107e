using System.Globalization;
using Dlrm.Checkpoints;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Interop.Models;
using Dlrm.Interop.Onnx;
using Dlrm.Interop.PyTorch;
using Dlrm.Model;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>Models in files of other programs where the options name them: <c>--load-model=x.pt</c>, <c>--save-model=x.pt</c>.</summary>
internal static class ForeignModel
{
    /// <summary>Whether a path names such a file rather than a folder of ours.</summary>
    public static bool IsNamed(string path) => path.Length > 0 && ModelFile.IsKnown(path) && !Directory.Exists(path);

    /// <summary>Whether a model can be saved to a path of this name.</summary>
    public static bool IsWritable(string path) => IsNamed(path)
        && (path.EndsWith(".pt", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".pth", StringComparison.OrdinalIgnoreCase));

    /// <summary>Opens one; the options say what its tensors do not.</summary>
    public static ModelFile Open(string path, OptionValues values) => ModelFile.Open(path, Hints(values));

    /// <summary>The options given, and below them the architecture of the file that --load-model names, if it names one.</summary>
    public static OptionValues WithArchitecture(OptionValues values)
    {
        string path = values.Get(RunOptions.LoadModel);
        if (!IsNamed(path))
        {
            return values;
        }

        using ModelFile file = Open(path, values);
        DlrmConfig config = file.Config;
        var preset = new Dictionary<ToolOption, object>
        {
            [ModelOptions.EmbeddingRows] = config.TableRows,
            [ModelOptions.EmbeddingDimension] = (long)config.EmbeddingDimension,
            [ModelOptions.BottomMlp] = config.BottomMlp,
            [ModelOptions.TopMlp] = config.TopMlp,
            [ModelOptions.Interaction] = config.Interaction,
            [ModelOptions.InteractionItself] = config.InteractionItself,
            [ModelOptions.WeightedPooling] = config.WeightedPooling,
            [ModelOptions.Loss] = config.Loss,
        };
        if (config.Tower is { } tower)
        {
            preset[TowerOptionSet.Activation] = tower.Activation;
            preset[TowerOptionSet.Normalization] = tower.Normalization;
            preset[TowerOptionSet.Dropout] = (double)tower.Dropout;
        }

        if (config.Cross is { } cross)
        {
            preset[CrossOptionSet.Layers] = (long)cross.Layers;
            preset[CrossOptionSet.Rank] = (long)cross.Rank;
        }

        if (config.Pooling.Any(pooling => pooling != "sum"))
        {
            preset[TableOptions.Pooling] = config.Pooling;
        }

        if (config.QuotientRemainder is { } split)
        {
            preset[ModelOptions.QuotientRemainder] = true;
            preset[ModelOptions.QuotientRemainderThreshold] = (long)split.Threshold;
            preset[ModelOptions.QuotientRemainderOperation] = split.Operation;
            preset[ModelOptions.QuotientRemainderCollisions] = (long)split.Collisions;
        }

        if (config.MixedDimension is { } mixed)
        {
            preset[ModelOptions.MixedDimension] = true;
            preset[ModelOptions.MixedDimensionThreshold] = (long)mixed.Threshold;
            preset[ModelOptions.MixedDimensionTemperature] = mixed.Temperature;
            preset[ModelOptions.MixedDimensionRound] = mixed.RoundDimensions;
        }

        return values.WithPreset(preset);
    }

    /// <summary>Where the run stood that a file was saved by; null when it does not say.</summary>
    public static TrainingCounters? Counters(string path, OptionValues values)
    {
        using ModelFile file = Open(path, values);
        return file.Counters;
    }

    /// <summary>The same for the trainer.</summary>
    public static TrainingStart Start(TrainingCounters at) => new()
    {
        Epoch = at.Epoch,
        Iteration = at.Iteration,
        BestAccuracy = at.TestAccuracy,
        LossSum = at.TotalLoss,
    };

    /// <summary>A line for people when a checkpoint stands at the end of what the options ask for.</summary>
    /// <param name="at">Where it stands.</param>
    /// <param name="values">The options.</param>
    /// <param name="batches">Batches of a pass over the data.</param>
    public static IEnumerable<string> NothingLeft(TrainingCounters at, OptionValues values, int batches)
    {
        int limit = values.GetInt(TrainOptions.Batches);
        int epoch = limit > 0 ? Math.Min(limit, batches) : batches;
        if (at.Epoch + (at.Iteration >= epoch ? 1 : 0) >= values.GetInt(TrainOptions.Epochs))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{RunOptions.LoadModel.Switch}: {values.Get(RunOptions.LoadModel)} was saved after batch {at.Iteration} of epoch {at.Epoch}: nothing "
                + $"is left to do. Ask for more epochs ({TrainOptions.Epochs.Switch}={at.Epoch + 2}), or begin a new pass from its weights: dlrm "
                + $"import, then {RunOptions.LoadModel.Switch} with the folder.");
        }
    }

    /// <summary>What --save-onnx writes, where and under the name that the reference gives it.</summary>
    public static void SaveOnnx(OptionValues values, DlrmModel model, TextWriter people)
    {
        const string Name = "dlrm_s_pytorch.onnx";
        if (values.Get(RunOptions.SaveOnnx))
        {
            OnnxExporter.Write(Name, model, OnnxInputs.Bags);
            people.WriteLine($"ONNX    {Name}");
        }
    }

    /// <summary>What the reference prints of a checkpoint it loads.</summary>
    public static IEnumerable<string> Lines(string path, OptionValues values, TrainingCounters? counters)
    {
        yield return $"Loading saved model {path}";
        if (counters is { } at)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"Saved at: epoch = {at.Epoch}/{at.Epochs}, batch = {at.Iteration}/{at.Batches}, ntbatch = {at.TestBatches}");
            yield return string.Create(CultureInfo.InvariantCulture, $"Training state: loss = {at.TrainLoss:0.000000}");
            string auc = values.Get(TrainOptions.MlperfLogging) ? $", auc = {PythonFormat.Fixed(at.TestAuc ?? 0, 3)}" : "";
            yield return $"Testing state: accuracy = {PythonFormat.Fixed(at.TestAccuracy * 100, 3)} %{auc}";
        }
    }

    /// <summary>Writes a PyTorch checkpoint, which the reference resumes from.</summary>
    public static void Save(string path, DlrmModel model, OptionValues values, TrainingCounters counters)
        => TorchModelWriter.Write(path, new TorchModelContents
        {
            Config = model.Config,
            Tensors = [.. model.Parameters.Select(SingleSource.Of)],
            OptimizerTensors =
            [
                .. (model.Optimizer?.States ?? []).Select(state =>
                    TensorSource.Of(state.Name, [.. state.Shape.Select(extent => (long)extent)], state.Value)),
            ],
            OptimizerName = values.Get(TrainOptions.Optimizer),
            LearningRate = values.Get(TrainOptions.LearningRate),
            Momentum = values.Get(TrainOptions.Momentum),
            Counters = counters,
        });

    /// <summary>Counters of a test pass.</summary>
    public static TrainingCounters Counters(OptionValues values, EvaluationRecord record, double trainLoss, int testBatches) => new()
    {
        Epoch = record.Epoch,
        Epochs = values.GetInt(TrainOptions.Epochs),
        Iteration = record.Iteration,
        Batches = record.BatchesPerEpoch,
        TestBatches = testBatches,
        TrainLoss = trainLoss,
        TestAccuracy = record.Metrics.Accuracy,
        TestLoss = record.Loss,
        TestAuc = record.Metrics.Auc,
    };

    /// <summary>What the options given say of a model whose file holds only tensors.</summary>
    public static ModelHints Hints(OptionValues values) => new()
    {
        TableRows = Given(values, ModelOptions.EmbeddingRows),
        Interaction = Given(values, ModelOptions.Interaction),
        InteractionItself = values.IsGiven(ModelOptions.InteractionItself) ? values.Get(ModelOptions.InteractionItself) : null,
        QuotientRemainderOperation = Given(values, ModelOptions.QuotientRemainderOperation),
        QuotientRemainderThreshold =
            values.IsGiven(ModelOptions.QuotientRemainderThreshold) ? values.GetInt(ModelOptions.QuotientRemainderThreshold) : null,
        MixedDimension = ModelOptions.MixedDimensionDetails.Any(values.IsGiven)
            ? new MixedDimensionOptions
            {
                Threshold = values.GetInt(ModelOptions.MixedDimensionThreshold),
                Temperature = values.Get(ModelOptions.MixedDimensionTemperature),
                RoundDimensions = values.Get(ModelOptions.MixedDimensionRound),
            }
            : null,
        Activation = Given(values, TowerOptionSet.Activation),
        Loss = Given(values, ModelOptions.Loss),
        LossThreshold = values.IsGiven(ModelOptions.LossThreshold) ? (float)values.Get(ModelOptions.LossThreshold) : null,
    };

    private static T? Given<T>(OptionValues values, ToolOption<T> option)
        where T : class
        => values.IsGiven(option) ? values.Get(option) : null;
}
