namespace Dlrm.Data.Records;

/// <summary>The property that a model learns to foretell: a Boolean, or a number in [0, 1].</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class LabelAttribute : Attribute
{
    /// <summary>The column's name; null for the property's.</summary>
    public string? Name { get; init; }
}

/// <summary>How much each record counts in the loss: a number of 0 or more, kept in single precision.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class SampleWeightAttribute : Attribute
{
    /// <summary>The column's name; null for the property's.</summary>
    public string? Name { get; init; }
}
