namespace Dlrm.Data.Records;

/// <summary>
/// A category that is a feature, with an embedding a value: a text, a whole number, a Boolean or an enumeration; or a bag of
/// them, a list of texts or whole numbers, whose embeddings are summed.
/// </summary>
/// <remarks>May stand on a property, or on the parameter of a positional record that makes it.</remarks>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class CategoricalAttribute : Attribute
{
    /// <summary>The column's name; null for the property's.</summary>
    public string? Name { get; init; }

    /// <summary>Values of fewer training records share one embedding with those never seen; 1 or more. Default: 2.</summary>
    public long MinFrequency { get; init; } = 2;

    /// <summary>Embeddings of a table that values are hashed into, instead of a vocabulary; 0 for a vocabulary.</summary>
    public int HashRows { get; init; }

    /// <summary>Values of a bag that count, the first ones; 0 for all.</summary>
    public int MaxValues { get; init; }

    /// <summary>Between the values of a bag where records are read as text. Default: U+001F, which no text has.</summary>
    public char Separator { get; init; } = CategoryOptions.UnitSeparator;

    internal CategoryOptions Options => new()
    {
        MinFrequency = MinFrequency,
        HashRows = HashRows,
        MaxValues = MaxValues,
        Separator = Separator,
    };
}
