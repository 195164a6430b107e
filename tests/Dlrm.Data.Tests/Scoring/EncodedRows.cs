using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Data.Folders;
using Dlrm.Data.Scoring;
using Dlrm.Model;

namespace Dlrm.Data.Tests.Scoring;

/// <summary>Rows as a model takes them, written out so that two ways to them can be compared to the bit.</summary>
internal static class EncodedRows
{
    /// <summary>A model's folder whose files are those of a data set.</summary>
    public static RowEncoder Encoder(
        string folder, IReadOnlyDictionary<string, Action<Stream>> files, int dense, IReadOnlyList<int> tableRows)
    {
        var config = new DlrmConfig { TableRows = tableRows, BottomMlp = [dense, 2] };
        ModelFolder.Save(folder, new ModelContents { ConfigJson = config.ToJson(), Tensors = [], Files = files });
        return RowEncoder.Open(folder);
    }

    /// <summary>The rows of a data set's parts, one after another.</summary>
    public static List<string> Of(DataSetFolder set)
    {
        var rows = new List<string>();
        foreach (SplitEntry split in set.Description.Splits.Where(split => split.Rows > 0))
        {
            using var source = new FolderBatchSource(set, split.Name, 7);
            rows.AddRange(Of(source));
        }

        return rows;
    }

    /// <summary>All rows of a source.</summary>
    public static List<string> Of(IBatchSource source)
    {
        var rows = new List<string>();
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            rows.AddRange(Of(batch));
        }

        return rows;
    }

    /// <summary>The rows of a batch: bits of the dense features, then the lookups of each table.</summary>
    public static IEnumerable<string> Of(Batch batch)
    {
        for (int row = 0; row < batch.Size; row++)
        {
            var text = new StringBuilder();
            foreach (float value in batch.Dense.Slice(row * batch.DenseFeatures, batch.DenseFeatures))
            {
                text.Append(CultureInfo.InvariantCulture, $"{BitConverter.SingleToInt32Bits(value):x8} ");
            }

            for (int table = 0; table < batch.Tables; table++)
            {
                int[] lookups = batch.Indices(table)[batch.Offsets(table)[row]..batch.Offsets(table)[row + 1]].ToArray();
                text.Append(CultureInfo.InvariantCulture, $"[{string.Join(',', lookups)}]");
            }

            yield return text.ToString();
        }
    }

    /// <summary>Raw rows through <see cref="RowBatch"/>, a few at a time.</summary>
    public static List<string> Encode(RowEncoder encoder, int rows, Action<RowBatch, int> add)
    {
        using var batch = new RowBatch(encoder, 5);
        var encoded = new List<string>();
        for (int row = 0; row < rows; row++)
        {
            add(batch, row);
            if (batch.IsFull || row == rows - 1)
            {
                encoded.AddRange(Of(batch.Build()));
                batch.Clear();
            }
        }

        return encoded;
    }

    /// <summary>A row from the cells of text.</summary>
    public static void AddText(RowBatch batch, IReadOnlyList<string> names, IReadOnlyList<string> cells)
    {
        batch.BeginRow();
        for (int column = 0; column < names.Count; column++)
        {
            int field = batch.Encoder.FieldOf(names[column]);
            if (field >= 0)
            {
                batch.SetText(field, cells[column]);
            }
        }

        batch.EndRow();
    }

    /// <summary>A separator at the end of text begins no further value.</summary>
    private static string[] Values(string cell, string separator) =>
        cell.EndsWith(separator, StringComparison.Ordinal) ? cell[..^1].Split(separator) : cell.Split(separator);

    /// <summary>A row from JSON: numbers as numbers, empty cells as null or nothing, bags as arrays.</summary>
    public static void AddJson(RowBatch batch, IReadOnlyList<string> names, IReadOnlyList<string> cells)
    {
        var row = new JsonObject { ["not a field"] = new JsonObject { ["age"] = 1 } };
        for (int column = names.Count - 1; column >= 0; column--)
        {
            RawField? field = batch.Encoder.Fields.FirstOrDefault(field => field.Name == names[column]);
            string cell = cells[column];
            if (field is null || (cell.Length == 0 && column % 2 == 0))
            {
                continue;
            }

            row[names[column]] = cell.Length == 0 ? null
                : field.Kind == RawFieldKind.Bag ? new JsonArray([.. Values(cell, field.Separator!).Select(value => JsonValue.Create(value))])
                : field.Kind == RawFieldKind.Number && double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
                    ? JsonNode.Parse(cell.TrimStart('+'))
                : JsonValue.Create(cell);
        }

        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(row.ToJsonString()));
        if (!batch.TryAddJson(ref reader, UnknownProperty.Ignore, out RowProblem problem))
        {
            throw new BadRowException(problem);
        }
    }
}
