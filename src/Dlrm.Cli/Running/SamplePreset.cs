using Dlrm.Cli.Options;

namespace Dlrm.Cli.Running;

/// <summary>The embedded sample: when it is used, and the options that suit it unless others are given.</summary>
internal static class SamplePreset
{
    /// <summary>
    /// A small model and eight passes: a second or two. Chosen by the loss on the last tenth of the training part, without a
    /// look at the test part (docs/optimizers.md). So small a model does not gain from a second thread, and one thread never
    /// waits for another on a busy machine.
    /// </summary>
    private static readonly Dictionary<ToolOption, object> Suited = new()
    {
        [DataOptions.Generation] = DataOptions.Sample,
        [AccuracyOptions.NumbersAsCategories] = true,
        [AccuracyOptions.MinFrequency] = 4L,
        [ModelOptions.EmbeddingDimension] = 8L,
        [ModelOptions.BottomMlp] = new[] { 6, 32, 8 },
        [ModelOptions.TopMlp] = new[] { 64, 1 },
        [ModelOptions.Loss] = "bce",
        [AccuracyOptions.EmbeddingBound] = 0.01,
        [AccuracyOptions.EmbeddingL2] = 0.001,
        [TrainOptions.BatchSize] = 128L,
        [TrainOptions.TestBatchSize] = 1024L,
        [TrainOptions.Epochs] = 8L,
        [TrainOptions.Optimizer] = "rwsadagrad",
        [TrainOptions.LearningRate] = 0.02,
        [TrainOptions.Schedule] = "cosine",
        [TrainOptions.PrintFrequency] = 102L,
        [TrainOptions.TestFrequency] = 204L,
        [RunOptions.Threads] = 1L,
    };

    /// <summary>
    /// The values with the sample's preset below them, when the sample is asked for or nothing says which model and data to
    /// use; else the values as they are.
    /// </summary>
    public static OptionValues Apply(OptionValues values)
    {
        bool asked = values.Get(DataOptions.Generation) == DataOptions.Sample;
        bool nothingSaid = !values.Options.Any(option => values.IsGiven(option) && SaysWhat(option));
        return asked || nothingSaid ? values.WithPreset(SuitedTo(values)) : values;
    }

    /// <summary>The preset, less the rate and the penalty that suit its own optimizer where another is given.</summary>
    private static Dictionary<ToolOption, object> SuitedTo(OptionValues values)
    {
        bool otherOptimizer = values.IsGiven(TrainOptions.Optimizer);
        var suited = new Dictionary<ToolOption, object>(Suited);
        if (values.Get(AccuracyOptions.Recipe) != "reference")
        {
            // The recipe says how to train; what is left here is which data, and how often to look.
            return new(suited.Where(entry => entry.Key.Group is OptionGroup.Data or OptionGroup.Testing or OptionGroup.Printing
                or OptionGroup.Machine));
        }

        if (otherOptimizer)
        {
            suited.Remove(TrainOptions.LearningRate);
            suited.Remove(AccuracyOptions.EmbeddingL2);
        }

        return suited;
    }

    /// <summary>Options that describe a model or its data; with one of them the reference's defaults hold for the others.</summary>
    private static bool SaysWhat(ToolOption option) =>
        option.Group is OptionGroup.Model or OptionGroup.Data or OptionGroup.RandomData || option == RunOptions.LoadModel;
}
