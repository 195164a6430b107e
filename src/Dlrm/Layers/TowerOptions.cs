using Dlrm.Kernels;

namespace Dlrm.Layers;

/// <summary>
/// What stands between the layers of both towers. The defaults are the reference's: rectifiers and nothing else.
/// </summary>
/// <remarks>
/// A hidden layer computes linear, normalization, activation, dropout, in this order. The activation also follows the
/// bottom tower's last layer, as the reference's rectifier does; normalization and dropout are on hidden layers alone, and
/// nothing follows the logit. docs/towers.md has the formulas.
/// </remarks>
public sealed record TowerOptions
{
    private static readonly string[] s_activations = ["relu", "gelu", "silu", "tanh", "none"];
    private static readonly string[] s_normalizations = ["none", "batch", "layer"];

    /// <summary>relu, gelu (the exact form), silu, tanh or none (<c>--activation</c>).</summary>
    public string Activation { get; init; } = "relu";

    /// <summary>p, in [0, 1): the share of hidden numbers set to 0 in training (<c>--dropout</c>).</summary>
    public float Dropout { get; init; }

    /// <summary>none, batch or layer (<c>--normalization</c>).</summary>
    public string Normalization { get; init; } = "none";

    /// <summary>The names of <see cref="Activation"/>.</summary>
    public static IReadOnlyList<string> Activations => s_activations;

    /// <summary>The names of <see cref="Normalization"/>.</summary>
    public static IReadOnlyList<string> Normalizations => s_normalizations;

    /// <summary>True when a tower is what it is without options.</summary>
    internal bool IsDefault => Activation == "relu" && Dropout == 0 && Normalization == "none";

    /// <summary>Whether something other than a rectifier in the product stands behind a layer.</summary>
    /// <param name="isLast">The bottom tower's last layer: neither normalization nor dropout.</param>
    internal bool NeedsStage(bool isLast) =>
        Activation is not ("relu" or "none") || (!isLast && (Dropout > 0 || Normalization != "none"));

    /// <summary>The activation as the kernel takes it.</summary>
    internal ActivationKind Kind => (ActivationKind)Array.IndexOf(s_activations, Activation);

    /// <summary>What mean and scale belong to.</summary>
    internal NormalizationAxis Axis => (NormalizationAxis)Array.IndexOf(s_normalizations, Normalization);

    /// <summary>Elements that normalization adds to the parameters of a tower.</summary>
    /// <param name="widths">n[0] … n[L].</param>
    internal long ExtraParameters(IReadOnlyList<int> widths) =>
        Normalization == "none" ? 0 : 2 * HiddenWidth(widths);

    /// <summary>Numbers that a tower keeps of a sample besides its layers' inputs, for the way back.</summary>
    /// <param name="widths">n[0] … n[L].</param>
    internal long ExtraFloatsPerSample(IReadOnlyList<int> widths) => IsDefault ? 0 : HiddenWidth(widths) + widths[^1];

    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentException">A name is unknown, or the share out of range.</exception>
    internal void Validate()
    {
        if (!s_activations.Contains(Activation))
        {
            throw new ArgumentException(
                $"There is no activation '{Activation}' (--activation); there are {string.Join(", ", s_activations)}.");
        }

        if (!s_normalizations.Contains(Normalization))
        {
            throw new ArgumentException(
                $"There is no normalization '{Normalization}' (--normalization); there are {string.Join(", ", s_normalizations)}.");
        }

        if (!(Dropout is >= 0 and < 1))
        {
            throw new ArgumentException(
                $"--dropout={Dropout.ToString(System.Globalization.CultureInfo.InvariantCulture)} lies outside [0, 1): it is the "
                + "share of hidden numbers that training sets to 0.");
        }
    }

    private static long HiddenWidth(IReadOnlyList<int> widths) => widths.Skip(1).SkipLast(1).Sum(width => (long)width);
}
