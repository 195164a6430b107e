using System.Text.Json.Serialization;

namespace Dlrm.Data.Folders;

/// <summary>How the values of a categorical feature become rows of its table.</summary>
public enum SparseEncoding
{
    /// <summary>By a vocabulary.</summary>
    Dictionary,

    /// <summary>A hash (of a number: the number itself) modulo the table's rows.</summary>
    Hash,
}

/// <summary>What the raw values of a categorical feature are.</summary>
public enum SparseType
{
    /// <summary>Bytes as they stand.</summary>
    Text,

#pragma warning disable CA1720 // The word of schema.json.
    /// <summary>Whole numbers of 64 bits: 007 and 7 are the same.</summary>
    Integer,
#pragma warning restore CA1720

    /// <summary>Hexadecimal numbers of 64 bits.</summary>
    Hex,
}

/// <summary>A categorical feature: column <see cref="Name"/> of the row files, and a table of the model.</summary>
public sealed record SparseFeature
{
    /// <summary>Its name, which is that of the raw column unless <see cref="Column"/> says otherwise.</summary>
    public required string Name { get; init; }

    /// <summary>The raw column; null for that of its name.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Column { get; init; }

    /// <summary>The raw column.</summary>
    [JsonIgnore]
    public string RawColumn => Column ?? Name;

    /// <summary>
    /// Numbers above 2 are the value <c>bin n</c>, n = ⌊ln(number)²⌋; only for <see cref="SparseType.Integer"/>.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool LogarithmBins { get; init; }

    /// <summary>E: rows of its table; every index lies below.</summary>
    public required int TableRows { get; init; }

    /// <summary>Dictionary or hash.</summary>
    public SparseEncoding Encoding { get; init; }

    /// <summary>What raw values are.</summary>
    public SparseType Type { get; init; }

    /// <summary>True when index 0 stands for every value that has no index of its own.</summary>
    public bool OutOfVocabulary { get; init; }

    /// <summary>Values with fewer training rows have no index of their own.</summary>
    public long MinFrequency { get; init; } = 1;

    /// <summary>Numbers are taken modulo this before anything else; 0 for not.</summary>
    public int Modulo { get; init; }

    /// <summary>Between the values of a bag; null for one value a row.</summary>
    public string? Separator { get; init; }

    /// <summary>Values of a bag beyond this many are dropped; 0 for no limit.</summary>
    public int MaxLength { get; init; }

    /// <summary>The vocabulary's file; null with <see cref="SparseEncoding.Hash"/>.</summary>
    public string? Vocabulary { get; init; }

    /// <summary>XxHash3 of that file.</summary>
    public string? VocabularyHash { get; init; }

    /// <summary>XxHash3 of its values in their order: equal ones give equal indices.</summary>
    public string? ValuesHash { get; init; }

    /// <summary>True when a row has a bag of any number of values.</summary>
    public bool IsBag => Separator is not null;
}

/// <summary>A dense feature: column <see cref="Name"/> of the row files, and an input of the bottom tower.</summary>
/// <remarks>
/// y = scale(log1p(clip(x))): what is not asked for is left out. A missing value is <see cref="Fill"/> in place of x, or,
/// without one, y = 0.
/// </remarks>
public sealed record DenseFeature
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The raw column; null for a constant 1.</summary>
    public string? Column { get; init; }

    /// <summary>1 where the raw value is missing, else 0: nothing else applies.</summary>
    public bool IsIndicator { get; init; }

    /// <summary>Smaller values become this.</summary>
    public double? ClipLow { get; init; }

    /// <summary>Larger values become this.</summary>
    public double? ClipHigh { get; init; }

    /// <summary>ln(max(x, 0) + 1).</summary>
    public bool Log1p { get; init; }

    /// <summary>Subtracted; the mean, or the least value.</summary>
    public double Shift { get; init; }

    /// <summary>Divided by; the standard deviation, or the range.</summary>
    public double Divisor { get; init; } = 1;

    /// <summary>Ascending borders of quantile bins: y = (borders at or below x) / (number of borders). Null for none.</summary>
    public IReadOnlyList<double>? Borders { get; init; }

    /// <summary>What a missing value counts as; null for y = 0.</summary>
    public double? Fill { get; init; }
}
