using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <summary>schema.json: what the columns of raw files are.</summary>
public sealed record DataSchema
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>The column of the label.</summary>
    public required string Label { get; init; }

    /// <summary>Values that count as 1, every other one as 0; empty: the label is a number in [0, 1].</summary>
    public IReadOnlyList<string> Positive { get; init; } = [];

    /// <summary>Dense features; none: the model gets a constant 1.</summary>
    public IReadOnlyList<DenseColumn> Dense { get; init; } = [];

    /// <summary>Categorical features, 1 or more.</summary>
    public IReadOnlyList<SparseColumn> Sparse { get; init; } = [];

    /// <summary>A column of sample weights, 0 or more each; null for none.</summary>
    public string? Weight { get; init; }

    /// <summary>A column that groups rows, for metrics a group; null for none.</summary>
    public string? Group { get; init; }

    /// <summary>Texts that mean a missing number; the empty text always does.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>The text of schema.json.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";

    /// <summary>Reads schema.json.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="BadDataException">It is not one; the message names the member.</exception>
    public static DataSchema Read(string path)
    {
        try
        {
            DataSchema schema = JsonSerializer.Deserialize<DataSchema>(File.ReadAllText(path), Json)
                ?? throw new JsonException("it holds null");

            // What the serializer lets through: null as an item of a list.
            if (schema.Dense.Contains(null!) || schema.Sparse.Contains(null!) || schema.Positive.Concat(schema.Missing).Contains(null!))
            {
                throw new JsonException("a list holds null");
            }

            schema.Validate(path);
            return schema;
        }
        catch (JsonException exception)
        {
            throw new BadDataException(path, $"is no schema ({exception.Message.TrimEnd('.')}). docs/data.md shows one.", exception);
        }
    }

    /// <summary>Checks it.</summary>
    /// <param name="source">Who wrote it, for messages.</param>
    /// <exception cref="BadDataException">A value cannot be; the message names the column.</exception>
    public void Validate(string source)
    {
        if (Sparse.Count == 0)
        {
            throw new BadDataException(source, "names no categorical feature; a model needs one or more (--sparse=COLUMN,COLUMN).");
        }

        string[] names = [.. Dense.Select(column => column.Column), .. Sparse.Select(column => column.Column)];
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new BadDataException(source, $"names the column '{twice.Key}' as a feature twice.");
        }

        if (names.FirstOrDefault(name => name == Label) is { } label)
        {
            throw new BadDataException(source, $"names the column '{label}' as label and as feature: the model would see the answer.");
        }

        if (names.FirstOrDefault(name => name is "label" or "weight" or "group") is { } reserved)
        {
            throw new BadDataException(source, $"names a feature '{reserved}', which the row files use for themselves: rename the column.");
        }

        foreach (SparseColumn column in Sparse)
        {
            column.Validate(source);
        }

        foreach (DenseColumn column in Dense)
        {
            column.Validate(source);
        }
    }
}

/// <summary>How a dense feature is brought to scale.</summary>
public enum DenseScale
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>To mean 0 and standard deviation 1 over the training rows.</summary>
    Standardize,

    /// <summary>To 0 … 1 over the training rows.</summary>
    MinMax,

    /// <summary>To the share of quantile borders at or below the value.</summary>
    Quantile,
}

/// <summary>A dense feature of raw files.</summary>
public sealed record DenseColumn
{
    /// <summary>The column.</summary>
    public required string Column { get; init; }

    /// <summary>Smaller values become this.</summary>
    public double? ClipLow { get; init; }

    /// <summary>Larger values become this.</summary>
    public double? ClipHigh { get; init; }

    /// <summary>ln(max(x, 0) + 1), after clipping.</summary>
    public bool Log1p { get; init; }

    /// <summary>After the logarithm.</summary>
    public DenseScale Scale { get; init; }

    /// <summary>Quantile bins, 2 or more.</summary>
    public int Bins { get; init; } = 16;

    /// <summary>What a missing value counts as; null: the result is 0, whatever the transform.</summary>
    public double? Fill { get; init; }

    /// <summary>Adds a feature <c>COLUMN_missing</c>: 1 where the value is missing.</summary>
    public bool Indicator { get; init; }

    /// <summary>Checks it.</summary>
    internal void Validate(string source)
    {
        if (ClipLow > ClipHigh)
        {
            throw new BadDataException(source, $"column '{Column}': clip_low {ClipLow} lies above clip_high {ClipHigh}.");
        }

        if (Bins < 2)
        {
            throw new BadDataException(source, $"column '{Column}': {Bins} bins; give 2 or more.");
        }
    }
}

/// <summary>A categorical feature of raw files.</summary>
public sealed record SparseColumn
{
    /// <summary>The column.</summary>
    public required string Column { get; init; }

    /// <summary>What its values are.</summary>
    public SparseType Type { get; init; }

    /// <summary>Values with fewer training rows share index 0 with unseen ones; 1 or more.</summary>
    public long MinFrequency { get; init; } = 1;

    /// <summary>Rows of the table, by hash; 0 for a dictionary.</summary>
    public int Hash { get; init; }

    /// <summary>Between the values of a bag; null for one value a row.</summary>
    public string? Separator { get; init; }

    /// <summary>Values of a bag beyond this many are dropped; 0 for no limit.</summary>
    public int MaxLength { get; init; }

    /// <summary>Checks it.</summary>
    internal void Validate(string source)
    {
        if (MinFrequency < 1 || Hash < 0 || MaxLength < 0)
        {
            throw new BadDataException(
                source, $"column '{Column}': min_frequency is 1 or more, hash and max_length are 0 or more.");
        }

        if (Hash > 0 && MinFrequency > 1)
        {
            throw new BadDataException(
                source, $"column '{Column}' has both hash {Hash} and min_frequency {MinFrequency}: a hashed column has no vocabulary to count in.");
        }

        if (Separator is not null && Separator.Length != 1)
        {
            throw new BadDataException(source, $"column '{Column}': the separator '{Separator}' is not one character.");
        }

        if (MaxLength > 0 && Separator is null)
        {
            throw new BadDataException(source, $"column '{Column}' has max_length {MaxLength} and no separator.");
        }
    }
}
