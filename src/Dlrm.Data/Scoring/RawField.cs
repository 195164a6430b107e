using Dlrm.Data.Folders;

namespace Dlrm.Data.Scoring;

/// <summary>What a raw field is.</summary>
public enum RawFieldKind
{
    /// <summary>A number; it may be a category too.</summary>
    Number,

    /// <summary>One categorical value.</summary>
    Category,

    /// <summary>Any number of categorical values.</summary>
    Bag,
}

/// <summary>A raw column that a model's inputs are made of.</summary>
/// <remarks>One field may feed several inputs: a number, its missing-value indicator, and a table of its values.</remarks>
public sealed class RawField
{
    internal RawField(string name, RawFieldKind kind, SparseType type, string? separator, int[] dense, int[] tables)
    {
        Name = name;
        Kind = kind;
        Type = type;
        Separator = separator;
        Dense = dense;
        Tables = tables;
    }

    /// <summary>The column's name.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public RawFieldKind Kind { get; }

    /// <summary>What categorical values are; <see cref="SparseType.Text"/> for numbers.</summary>
    public SparseType Type { get; }

    /// <summary>Between the values of a bag in text; null where there is no bag.</summary>
    public string? Separator { get; }

    /// <summary>The model's dense features that it feeds.</summary>
    internal int[] Dense { get; }

    /// <summary>The tables that it feeds.</summary>
    internal int[] Tables { get; }
}
