using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Records;

/// <summary>A number that is a feature; NaN and null are missing.</summary>
/// <remarks>May stand on a property, or on the parameter of a positional record that makes it.</remarks>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class DenseAttribute : Attribute
{
    /// <summary>The column's name; null for the property's.</summary>
    public string? Name { get; init; }

    /// <summary>ln(max(x, 0) + 1), for counts, prices and other values with a long tail.</summary>
    public bool Log1p { get; init; }

    /// <summary>Brings it to mean 0 and standard deviation 1 over the training records. Default: true.</summary>
    public bool Standardize { get; init; } = true;

    /// <summary>What a missing value counts as; NaN: the result is 0, whatever the transform.</summary>
    public double Fill { get; init; } = double.NaN;

    /// <summary>Adds a feature that is 1 where the value is missing.</summary>
    public bool Indicator { get; init; }

    /// <summary>Adds an embedding of each value, as if it were categorical too.</summary>
    public bool AsCategory { get; init; }

    internal DenseOptions Options => new()
    {
        Log1p = Log1p,
        Scale = Standardize ? DenseScale.Standardize : DenseScale.None,
        Fill = double.IsNaN(Fill) ? null : Fill,
        Indicator = Indicator,
        AsCategory = AsCategory,
    };
}
