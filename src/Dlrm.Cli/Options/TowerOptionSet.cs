using Dlrm.Layers;

namespace Dlrm.Cli.Options;

/// <summary>What stands between the towers' layers.</summary>
internal static class TowerOptionSet
{
    public static readonly ToolOption<string> Activation = new(
        "activation", OptionGroup.Model, new Choice([.. TowerOptions.Activations]), "relu",
        "what follows every hidden layer, and the bottom MLP; see docs/towers.md")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> Dropout = new(
        "dropout", OptionGroup.Model, new Number(), 0, "share of the hidden layers' numbers that training sets to 0, below 1")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Normalization = new(
        "normalization", OptionGroup.Model, new Choice([.. TowerOptions.Normalizations]), "none",
        "of the hidden layers' numbers, before the activation: over the batch, or over the layer")
    {
        IsNew = true,
    };

    public static IReadOnlyList<ToolOption> All { get; } = [Activation, Dropout, Normalization];

    /// <summary>The options as the model takes them; null where all have their defaults.</summary>
    public static TowerOptions? Of(OptionValues values)
    {
        var options = new TowerOptions
        {
            Activation = values.Get(Activation),
            Dropout = (float)values.Get(Dropout),
            Normalization = values.Get(Normalization),
        };
        return options == new TowerOptions() ? null : options;
    }

    /// <summary>Refuses two activations.</summary>
    /// <exception cref="UsageException">The message names both options.</exception>
    public static void Check(OptionValues values)
    {
        string reference = values.Get(ModelOptions.Activation);
        if (values.IsGiven(ModelOptions.Activation) && values.Get(Activation) != reference)
        {
            throw new UsageException(
                $"{ModelOptions.Activation.Switch}={reference} and {Activation.Switch}={values.Get(Activation)} name two activations: "
                + $"leave the former out, which is the reference's name and knows {reference} alone.");
        }
    }
}
