using Dlrm.Model;

namespace Dlrm.Interop.Models;

/// <summary>What the reader knows of a model whose file holds only tensors: null where it knows nothing.</summary>
/// <remarks>Shapes tell the widths, the tables and mostly the interaction; the rest are defaults of the reference.</remarks>
public sealed record ModelHints
{
    /// <summary>Rows of each table. Quotient-remainder tables do not tell them: c·⌈E/c⌉ is taken.</summary>
    public IReadOnlyList<int>? TableRows { get; init; }

    /// <summary>The interaction; by default the first of dot, dot with itself, cat, dot-dense, sum that fits.</summary>
    public string? Interaction { get; init; }

    /// <summary>For dot: each feature with itself too.</summary>
    public bool? InteractionItself { get; init; }

    /// <summary>mult or add, where the shapes do not say concat; default mult.</summary>
    public string? QuotientRemainderOperation { get; init; }

    /// <summary>Tables of more rows are split; default 200 if the tables allow it.</summary>
    public int? QuotientRemainderThreshold { get; init; }

    /// <summary>How mixed dimensions came about; by default a temperature is looked for that gives them.</summary>
    public MixedDimensionOptions? MixedDimension { get; init; }

    /// <summary>The activation between the towers' layers; default relu. Tensors tell whether there is normalization.</summary>
    public string? Activation { get; init; }

    /// <summary>The loss; default mse.</summary>
    public string? Loss { get; init; }

    /// <summary>The clamp of scores; default none.</summary>
    public float? LossThreshold { get; init; }
}
