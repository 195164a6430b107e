using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Dlrm.Data.Folders;

/// <summary>dataset.json: what a data set folder holds, what it was made from, and how raw values are encoded.</summary>
public sealed record DataSetDescription
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "dataset.json";

    /// <summary>The version that this program writes; raised when a member changes its meaning.</summary>
    public const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>The version of the format.</summary>
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>What the data are, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>The preset it was made with; <c>generic</c> for a schema.</summary>
    public string Preset { get; init; } = "generic";

    /// <summary>Rows of all files.</summary>
    public required long Rows { get; init; }

    /// <summary>The label's column in the raw data, and the values that count as 1 there.</summary>
    public required LabelFeature Label { get; init; }

    /// <summary>Dense features in the order of the model's input, (M).</summary>
    public required IReadOnlyList<DenseFeature> Dense { get; init; }

    /// <summary>Categorical features in the order of the tables, (T).</summary>
    public required IReadOnlyList<SparseFeature> Sparse { get; init; }

    /// <summary>The raw column of sample weights, column <c>weight</c> of the files; null for none.</summary>
    public string? Weight { get; init; }

    /// <summary>The raw column of groups, column <c>group</c> of the files; null for none.</summary>
    public string? Group { get; init; }

    /// <summary>Row files in order.</summary>
    public required IReadOnlyList<RowFileEntry> Files { get; init; }

    /// <summary>Parts by name.</summary>
    public required IReadOnlyList<SplitEntry> Splits { get; init; }

    /// <summary>The raw text's conventions, which scoring raw rows must share.</summary>
    public TextConventions Text { get; init; } = new();

    /// <summary>The share of negative rows that was dropped, 0 for none.</summary>
    public double NegativesDropped { get; init; }

    /// <summary>Rows of the source, dropped ones included.</summary>
    public long SourceRows { get; init; }

    /// <summary>What was read.</summary>
    public IReadOnlyList<SourceEntry> Sources { get; init; } = [];

    /// <summary>Every setting that the contents depend on, by its option's name.</summary>
    public JsonObject Settings { get; init; } = [];

    /// <summary>Rows left out, by reason.</summary>
    public IReadOnlyDictionary<string, long> Skipped { get; init; } = new Dictionary<string, long>();

    /// <summary>The text of dataset.json.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";

    /// <summary>Reads dataset.json.</summary>
    /// <param name="text">Its text.</param>
    /// <param name="path">For messages.</param>
    /// <exception cref="BadDataException">It is not one, or of another version.</exception>
    public static DataSetDescription FromJson(string text, string path)
    {
        try
        {
            int? version = JsonNode.Parse(text)?["format_version"]?.GetValue<int>();
            if (version != CurrentFormat)
            {
                throw new BadDataException(
                    path, $"its format has version {version?.ToString() ?? "(none)"}, this program reads version {CurrentFormat}: make the data set again with dlrm preprocess.");
            }

            return JsonSerializer.Deserialize<DataSetDescription>(text, Json)!;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new BadDataException(path, $"is no description of a data set ({exception.Message.TrimEnd('.')}).", exception);
        }
    }
}

/// <summary>The label.</summary>
/// <param name="Column">Its raw column.</param>
/// <param name="Positive">Raw values that count as 1, every other one as 0; empty for numbers in [0, 1].</param>
public sealed record LabelFeature(string Column, IReadOnlyList<string> Positive);

/// <summary>A file of rows.</summary>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="XxHash3">XxHash3 of its bytes, 16 hexadecimal digits.</param>
public sealed record RowFileEntry(string Name, long Rows, long Bytes, [property: JsonPropertyName("xxhash3")] string XxHash3);

/// <summary>A part of the data set.</summary>
/// <param name="Name">E.g. <c>train</c>, <c>test</c>, <c>validation</c>.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="LabelRate">Mean label; null without rows.</param>
/// <param name="Segments">Where its rows lie, in order.</param>
public sealed record SplitEntry(string Name, long Rows, double? LabelRate, IReadOnlyList<SplitSegment> Segments)
{
    /// <summary>Rows of each day, in order, where the data have days; <c>--data-randomize=day</c> shuffles within them.</summary>
    public IReadOnlyList<long>? Days { get; init; }
}

/// <summary>Rows that follow each other in a file.</summary>
/// <param name="File">Number of the file in <see cref="DataSetDescription.Files"/>.</param>
/// <param name="Start">First row in it.</param>
/// <param name="Rows">How many.</param>
public sealed record SplitSegment(int File, long Start, long Rows);

/// <summary>A file that was read.</summary>
/// <param name="Path">Its full path; <c>-</c> for standard input.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="XxHash3">XxHash3 of its bytes, 16 hexadecimal digits.</param>
/// <param name="Rows">Good rows in it.</param>
public sealed record SourceEntry(string Path, long Bytes, [property: JsonPropertyName("xxhash3")] string XxHash3, long Rows);

/// <summary>How raw text is divided.</summary>
public sealed record TextConventions
{
    /// <summary>Between fields.</summary>
    public string Delimiter { get; init; } = ",";

    /// <summary>True when fields may stand in double quotes.</summary>
    public bool Quotes { get; init; } = true;

    /// <summary>False when files begin with a row, not with the columns' names.</summary>
    public bool Header { get; init; } = true;

    /// <summary>Texts that mean a missing number; the empty text always does.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];
}
