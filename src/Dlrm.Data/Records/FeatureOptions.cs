using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Records;

/// <summary>How a number becomes a feature.</summary>
public sealed record DenseOptions
{
    /// <summary>ln(max(x, 0) + 1), for counts, prices and other values with a long tail.</summary>
    public bool Log1p { get; init; }

    /// <summary>How it is brought to scale over the training records, after the logarithm.</summary>
    public DenseScale Scale { get; init; } = DenseScale.Standardize;

    /// <summary>What a missing value counts as; null: the result is 0, whatever the transform.</summary>
    public double? Fill { get; init; }

    /// <summary>Adds a feature that is 1 where the value is missing.</summary>
    public bool Indicator { get; init; }

    /// <summary>
    /// Adds an embedding of each value that two training records or more have, so that a model can learn what one value
    /// means and its neighbours do not.
    /// </summary>
    public bool AsCategory { get; init; }
}

/// <summary>How a category becomes a row of a table.</summary>
public sealed record CategoryOptions
{
    /// <summary>U+001F, made to stand between units of text.</summary>
    public const char UnitSeparator = '\u001f';

    /// <summary>Values of fewer training records share one embedding with those never seen; 1 or more. Default: 2; a hashed table counts nothing.</summary>
    public long MinFrequency { get; init; } = 2;

    /// <summary>Embeddings of a table that values are hashed into, instead of a vocabulary; 0 for a vocabulary.</summary>
    public int HashRows { get; init; }

    /// <summary>Values of a bag that count, the first ones; 0 for all.</summary>
    public int MaxValues { get; init; }

    /// <summary>
    /// Between the values of a bag where records are read as text, as <c>dlrm predict</c> does with CSV; one ASCII character
    /// that no value holds. Default: <see cref="UnitSeparator"/>.
    /// </summary>
    public char Separator { get; init; } = UnitSeparator;
}
