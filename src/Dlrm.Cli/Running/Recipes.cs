using Dlrm.Cli.Options;
using Dlrm.Cli.Output;

namespace Dlrm.Cli.Running;

/// <summary>--recipe: sets of option values that stand below the options given.</summary>
internal static class Recipes
{
    /// <summary>
    /// For clicks and the like, chosen on rows held out of the training parts of three real data sets (docs/accuracy.md).
    /// </summary>
    private static readonly Dictionary<ToolOption, object> TunedSettings = new()
    {
        [ModelOptions.EmbeddingDimension] = 16L,
        [ModelOptions.BottomMlp] = new[] { 13, 512, 256, 64, 16 },
        [ModelOptions.TopMlp] = new[] { 512, 256, 1 },
        [ModelOptions.Interaction] = "cat",
        [ModelOptions.Loss] = "bce",
        [AccuracyOptions.EmbeddingBound] = 0.01,
        [AccuracyOptions.EmbeddingL2] = 0.0001,
        [AccuracyOptions.AverageWeights] = 0.95,
        [AccuracyOptions.MinFrequency] = 2L,
        [AccuracyOptions.NumbersAsCategories] = true,
        [AccuracyOptions.Standardize] = true,
        [DataOptions.Randomize] = "none",
        [TrainOptions.BatchSize] = 256L,
        [TrainOptions.TestBatchSize] = 4096L,
        [TrainOptions.Optimizer] = "adagrad",
        [TrainOptions.LearningRate] = 0.01,
    };

    /// <summary>Options that choose the model in another way than averaging, or keep tables in too few bits for it.</summary>
    private static readonly ToolOption[] NotAveraged =
        [AccuracyOptions.EarlyStopping, CheckpointingOptions.SaveBest, RunOptions.SaveModel, PrecisionOptions.EmbeddingType];

    /// <summary>The values with those of the recipe that they name below them.</summary>
    public static OptionValues Apply(OptionValues values)
    {
        if (values.Get(AccuracyOptions.Recipe) != AccuracyOptions.Tuned)
        {
            return values;
        }

        var settings = new Dictionary<ToolOption, object>(TunedSettings);
        if (values.IsGiven(ModelOptions.EmbeddingDimension))
        {
            // The bottom tower ends in the embedding's size.
            settings[ModelOptions.BottomMlp] = new[] { 13, 512, 256, 64, values.GetInt(ModelOptions.EmbeddingDimension) };
        }

        if (values.IsGiven(TrainOptions.Optimizer))
        {
            settings.Remove(TrainOptions.LearningRate);
        }

        if (NotAveraged.Any(values.IsGiven))
        {
            settings.Remove(AccuracyOptions.AverageWeights);
        }

        if (DataSetOptions.NamesFolder(values))
        {
            // dlrm preprocess decided these; recorded as if given, they would be refused when the run is repeated.
            settings.Remove(AccuracyOptions.MinFrequency);
            settings.Remove(AccuracyOptions.NumbersAsCategories);
            settings.Remove(AccuracyOptions.Standardize);
        }

        return values.WithPresetOver(settings);
    }

    /// <summary>What the recipe set, as it would be typed; empty without one.</summary>
    public static IEnumerable<string> Settings(OptionValues values) =>
        values.Get(AccuracyOptions.Recipe) != AccuracyOptions.Tuned
            ? []
            : TunedSettings.Keys.Where(option => !values.IsGiven(option)).SelectMany(option =>
                values.Set().Where(entry => entry.Option == option).Select(entry => $"{option.Switch}={option.Write(entry.Value)}"));

    /// <summary>Prints what the recipe set.</summary>
    public static void Print(OptionValues values, ToolConsole console)
    {
        string settings = string.Join(' ', Settings(values));
        if (settings.Length > 0)
        {
            console.Error.WriteLine($"--recipe={AccuracyOptions.Tuned} sets {settings}");
        }
    }
}
