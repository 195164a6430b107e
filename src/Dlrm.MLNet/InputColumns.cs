using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Dlrm.MLNet;

/// <summary>Which columns a model takes, with the sizes it was trained with: what a saved model says of its inputs.</summary>
/// <param name="Dense">Names and sizes of the dense columns.</param>
/// <param name="Categorical">Names of the categorical columns, with the number of keys of each.</param>
internal sealed record InputColumns(IReadOnlyList<InputColumns.Sized> Dense, IReadOnlyList<InputColumns.Sized> Categorical)
{
    /// <summary>M; a model without dense columns gets one that is always 0.</summary>
    [JsonIgnore]
    public int DenseFeatures => Math.Max(Dense.Sum(column => column.Size), 1);

    /// <summary>Rows of each table: one for missing keys, and one a key.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> TableRows => [.. Categorical.Select(column => column.Size + 1)];

    /// <summary>What the options name, in a schema.</summary>
    /// <exception cref="ArgumentException">A column is not there, or has another type: the message says how to convert it.</exception>
    public static InputColumns Of(DataViewSchema schema, DlrmTrainerOptions options)
    {
        if (options.CategoricalColumns.Count == 0)
        {
            throw new ArgumentException(
                $"Name at least one categorical column ({nameof(DlrmTrainerOptions.CategoricalColumns)}): DLRM embeds categories.");
        }

        return new InputColumns(
            [.. options.DenseColumns.Select(name => new Sized(name, DenseSize(Find(schema, name))))],
            [.. options.CategoricalColumns.Select(name => new Sized(name, KeyCount(Find(schema, name))))]);
    }

    /// <summary>Refuses a schema that does not have these columns as they were in training.</summary>
    public void Check(DataViewSchema schema)
    {
        foreach (Sized column in Dense)
        {
            Require(column.Size == DenseSize(Find(schema, column.Name)), column, "values");
        }

        foreach (Sized column in Categorical)
        {
            Require(column.Size == KeyCount(Find(schema, column.Name)), column, "keys");
        }
    }

    /// <summary>The columns of a schema that are read.</summary>
    public IEnumerable<DataViewSchema.Column> In(DataViewSchema schema) =>
        Dense.Concat(Categorical).Select(column => Find(schema, column.Name));

    public string ToJson() => JsonSerializer.Serialize(this, InputColumnsJson.Default.InputColumns);

    public static InputColumns FromJson(string json) =>
        JsonSerializer.Deserialize(json, InputColumnsJson.Default.InputColumns)
        ?? throw new InvalidDataException("The saved pipeline says nothing of its columns.");

    /// <summary>A column of a schema.</summary>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name) =>
        schema.GetColumnOrNull(name) ?? throw new ArgumentException(
            $"There is no column '{name}'; there are {string.Join(", ", schema.Select(column => column.Name))}.");

    private static int DenseSize(DataViewSchema.Column column) => column.Type switch
    {
        NumberDataViewType type when type == NumberDataViewType.Single => 1,
        VectorDataViewType { ItemType: NumberDataViewType item, IsKnownSize: true } vector when item == NumberDataViewType.Single => vector.Size,
        _ => throw new ArgumentException(
            $"Dense column '{column.Name}' is {column.Type}; it must be Single or a vector of Single of a known size: "
            + "append Conversion.ConvertType to the pipeline before the trainer."),
    };

    private static int KeyCount(DataViewSchema.Column column)
    {
        DataViewType item = column.Type is VectorDataViewType vector ? vector.ItemType : column.Type;
        if (item is not KeyDataViewType key)
        {
            throw new ArgumentException(
                $"Categorical column '{column.Name}' is {column.Type}; it must be a key or a vector of keys: append "
                + "Conversion.MapValueToKey or Conversion.Hash to the pipeline before the trainer.");
        }

        return key.Count < int.MaxValue
            ? (int)key.Count
            : throw new ArgumentException(
                $"Categorical column '{column.Name}' may have {key.Count} keys; a table takes {int.MaxValue - 1}: hash it to fewer bits.");
    }

    private static void Require(bool holds, Sized column, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"Column '{column.Name}' had {column.Size} {what} in training; here it has another number.");
        }
    }

    /// <summary>A column and its size.</summary>
    internal sealed record Sized(string Name, int Size);
}

[JsonSerializable(typeof(InputColumns))]
internal sealed partial class InputColumnsJson : JsonSerializerContext;
