using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <summary>What came out of preprocessing.</summary>
public sealed record PreprocessReport
{
    /// <summary>The data set.</summary>
    public required DataSetDescription Description { get; init; }

    /// <summary>Its folder.</summary>
    public required string Folder { get; init; }

    /// <summary>True when it was there already, made from the same files with the same settings.</summary>
    public bool WasThere { get; init; }

    /// <summary>Columns of the raw data.</summary>
    public IReadOnlyList<ColumnReport> Columns { get; init; } = [];

    /// <summary>What else a person should know, one line each.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];

    /// <summary>Bytes read.</summary>
    public long SourceBytes => Description.Sources.Sum(source => source.Bytes);

    /// <summary>The text of report.json.</summary>
    internal static string ToJson(DataSetDescription description, IReadOnlyList<ColumnReport> columns)
    {
        var list = new JsonArray();
        foreach (ColumnReport column in columns)
        {
            list.Add(new JsonObject
            {
                ["name"] = column.Name,
                ["kind"] = column.Kind,
                ["distinct"] = column.Distinct < 0 ? null : column.Distinct,
                ["kept"] = column.Kept < 0 ? null : column.Kept,
                ["missing"] = column.Missing < 0 ? null : column.Missing,
                ["out_of_vocabulary"] = column.OutOfVocabulary,
                ["detail"] = column.Detail,
            });
        }

        var skipped = new JsonObject();
        foreach ((string reason, long count) in description.Skipped)
        {
            skipped[reason] = count;
        }

        return new JsonObject
        {
            ["rows"] = description.Rows,
            ["label_rate"] = description.Splits.Sum(split => split.Rows * (split.LabelRate ?? 0)) / description.Rows,
            ["skipped"] = skipped,
            ["columns"] = list,
        }.ToJsonString(new JsonSerializerOptions
        {
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }) + "\n";
    }
}

/// <summary>What a raw column holds.</summary>
/// <param name="Name">The column.</param>
/// <param name="Kind"><c>dense</c> or <c>sparse</c>.</param>
/// <param name="Distinct">Different values of all rows; −1 where not counted.</param>
/// <param name="Kept">Values with an index of their own; −1 for dense and hashed columns.</param>
/// <param name="Missing">Missing numbers of the training rows; empty values of a category.</param>
/// <param name="OutOfVocabulary">Values of all rows without an index of their own.</param>
/// <param name="Detail">Range and mean, or the most frequent values, of the training rows.</param>
public sealed record ColumnReport(
    string Name, string Kind, long Distinct, long Kept, long Missing, long OutOfVocabulary, string Detail);
