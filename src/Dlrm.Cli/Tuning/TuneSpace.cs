using Dlrm.Cli.Options;
using Dlrm.Random;

namespace Dlrm.Cli.Tuning;

/// <summary>The settings that <c>dlrm tune</c> chooses from: every combination of a few values each.</summary>
/// <remarks>An option that is given is not tuned. Combination 0 is the recipe as it is, without any of these.</remarks>
internal sealed class TuneSpace
{
    private readonly List<Dimension> _dimensions = [];

    /// <summary>The space of a run.</summary>
    /// <param name="values">Options given there are fixed.</param>
    public TuneSpace(OptionValues values)
    {
        // The rate belongs to the rule: what suits one is wrong for another.
        if (!values.IsGiven(TrainOptions.Optimizer) && !values.IsGiven(TrainOptions.LearningRate))
        {
            _dimensions.Add(new Dimension(
            [
                .. Rates("adagrad", 0.005, 0.01, 0.02), .. Rates("rwsadagrad", 0.01), .. Rates("adam", 0.001),
            ]));
        }

        Add(values, TrainOptions.BatchSize, 128, 256);
        Add(values, TrainOptions.Epochs, 1, 2, 3, 5);
        Add(values, ModelOptions.EmbeddingDimension, 8, 16);
        Add<IReadOnlyList<int>>(values, ModelOptions.TopMlp, [64, 1], [256, 1], [512, 256, 1]);
        Add(values, ModelOptions.Interaction, "dot", "cat");
        Add(values, TowerOptionSet.Normalization, "none", "layer");
        Add(values, TowerOptionSet.Dropout, 0, 0.2);
        Add(values, TowerOptionSet.Activation, "relu", "gelu");
        Add(values, AccuracyOptions.AverageWeights, 0, 0.95, 0.99);
        Add(values, TrainOptions.Schedule, "constant", "cosine");
        Add(values, AccuracyOptions.EmbeddingL2, 0, 1e-4, 1e-3);
        if (!DataSetOptions.NamesFolder(values))
        {
            Add(values, AccuracyOptions.MinFrequency, 2, 4, 10);
            Add(values, AccuracyOptions.NumbersAsCategories, false, true);
        }
    }

    /// <summary>Combinations there are.</summary>
    public int Count => _dimensions.Aggregate(1, (count, dimension) => count * dimension.Choices.Count);

    /// <summary>What is tuned, with its values, a line each.</summary>
    public IEnumerable<string> Describe() => _dimensions.Select(dimension =>
        string.Join(" | ", dimension.Choices.Select(choice => string.Join(' ', choice.Select(Text)))));

    /// <summary>Different combinations, the same for the same seed: the recipe as it is, then others at random.</summary>
    /// <param name="budget">At most so many.</param>
    /// <param name="seed">Decides which.</param>
    public IReadOnlyList<IReadOnlyDictionary<ToolOption, object>> Draw(int budget, long seed)
    {
        int[] order = new NumpyRandom(seed).Permutation(Count);
        return [new Dictionary<ToolOption, object>(), .. order.Take(budget - 1).Select(Combination)];
    }

    /// <summary>A setting as it is typed.</summary>
    public static string Text(KeyValuePair<ToolOption, object> setting) => $"{setting.Key.Switch}={setting.Key.Write(setting.Value)}";

    private static IEnumerable<KeyValuePair<ToolOption, object>[]> Rates(string optimizer, params double[] rates) =>
        rates.Select(rate => new KeyValuePair<ToolOption, object>[] { new(TrainOptions.Optimizer, optimizer), new(TrainOptions.LearningRate, rate) });

    private void Add<T>(OptionValues values, ToolOption<T> option, params T[] choices)
        where T : notnull
    {
        if (!values.IsGiven(option))
        {
            _dimensions.Add(new Dimension([.. choices.Select(choice => new[] { new KeyValuePair<ToolOption, object>(option, choice) })]));
        }
    }

    private Dictionary<ToolOption, object> Combination(int number)
    {
        var settings = new Dictionary<ToolOption, object>();
        foreach (Dimension dimension in _dimensions)
        {
            (number, int choice) = Math.DivRem(number, dimension.Choices.Count);
            foreach ((ToolOption option, object value) in dimension.Choices[choice])
            {
                settings[option] = value;
            }
        }

        return settings;
    }

    private sealed record Dimension(IReadOnlyList<KeyValuePair<ToolOption, object>[]> Choices);
}
