using System.Text;
using Dlrm.Checkpoints;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Model;

namespace Dlrm.Data.Scoring;

/// <summary>
/// How raw rows become a model's inputs, exactly as in training: read from the model's folder, which carries dataset.json
/// and the vocabularies.
/// </summary>
/// <remarks>
/// Immutable: any number of threads may encode with it, each into a <see cref="RowBatch"/> of its own. Fields are named by
/// the raw columns. A value that training gave no index counts as the out-of-vocabulary index 0; where the feature has none
/// (Criteo's files, whose every hash has a row), it looks nothing up, so its embedding is zero.
/// </remarks>
public sealed class RowEncoder
{
    private readonly RawField[] _fields;
    private readonly ValueDictionary _names = new();
    private readonly byte[][] _positive;
    private readonly byte[][] _missing;

    private RowEncoder(DataSetDescription description, CategoryEncoder[] categories, IReadOnlyList<int> tableRows)
    {
        Description = description;
        DenseInputs = [.. description.Dense];
        TableRows = tableRows;
        Categories = categories;
        _fields = MakeFields(description);
        foreach (RawField field in _fields)
        {
            byte[] name = Encoding.UTF8.GetBytes(field.Name);
            _names.Add(name, ValueDictionary.Hash(name));
        }

        _positive = [.. description.Label.Positive.Select(Encoding.UTF8.GetBytes)];
        _missing = [.. description.Text.Missing.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>The raw fields: numbers in the order of the model's dense inputs, then the categorical ones.</summary>
    public IReadOnlyList<RawField> Fields => _fields;

    /// <summary>M: dense features of the model.</summary>
    public int DenseFeatures => DenseInputs.Length;

    /// <summary>T: tables of the model.</summary>
    public int Tables => Categories.Length;

    /// <summary>(T): rows of each table.</summary>
    public IReadOnlyList<int> TableRows { get; }

    /// <summary>The label's raw column.</summary>
    public string LabelColumn => Description.Label.Column;

    /// <summary>How the raw text of training was divided.</summary>
    public TextConventions Text => Description.Text;

    /// <summary>The share of negative rows that training did not see: scores are too high by as much; 0 for none.</summary>
    public double NegativesDropped => Description.NegativesDropped;

    /// <summary>What the data were, and how each feature is encoded.</summary>
    public DataSetDescription Description { get; }

    /// <summary>The fields, for those who look them up a row at a time.</summary>
    internal RawField[] FieldArray => _fields;

    internal DenseFeature[] DenseInputs { get; }

    internal CategoryEncoder[] Categories { get; }

    /// <summary>True when a model's folder tells how raw values are encoded.</summary>
    /// <param name="folder">The open model.</param>
    public static bool IsIn(ModelFolder folder) => folder.FileNames.Contains(DataSetDescription.FileName);

    /// <summary>Reads the encoder of a saved model.</summary>
    /// <param name="path">The model's folder.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It is no saved model, or it was trained on data without raw values.</exception>
    /// <exception cref="BadDataException">dataset.json or a vocabulary is damaged.</exception>
    public static RowEncoder Open(string path)
    {
        using var folder = ModelFolder.Open(path, verifyHashes: false);
        return Read(folder);
    }

    /// <summary>Reads the encoder of a saved model.</summary>
    /// <param name="folder">The open model.</param>
    /// <exception cref="InvalidDataException">It was trained on data without raw values.</exception>
    /// <exception cref="BadDataException">dataset.json or a vocabulary is damaged.</exception>
    public static RowEncoder Read(ModelFolder folder)
    {
        if (!IsIn(folder))
        {
            throw new InvalidDataException(
                $"{folder.FullPath} holds no {DataSetDescription.FileName}, so nothing tells how raw values become its inputs: it was "
                + "trained on data that are drawn or numbered already (random, synthetic, --mlperf-bin-loader), or by an earlier "
                + "version. Train it on a data set folder (dlrm preprocess), on Criteo's text or on the sample.");
        }

        using var reader = new StreamReader(folder.OpenFile(DataSetDescription.FileName));
        string place = Path.Combine(folder.FullPath, DataSetDescription.FileName);
        DataSetDescription description = DataSetDescription.FromJson(reader.ReadToEnd(), place);
        var config = DlrmConfig.FromJson(folder.ConfigJson);
        if (config.TableRows.Count != description.Sparse.Count || config.DenseFeatures != description.Dense.Count)
        {
            throw new BadDataException(
                place,
                $"describes {description.Dense.Count} dense and {description.Sparse.Count} categorical features; the model has "
                + $"{config.DenseFeatures} and {config.TableRows.Count}: the files do not belong together. Save the model again.");
        }

        bool criteo = description.Preset.StartsWith("criteo-", StringComparison.Ordinal);
        var categories = new CategoryEncoder[description.Sparse.Count];
        for (int table = 0; table < categories.Length; table++)
        {
            SparseFeature feature = description.Sparse[table];
            using Stream? stream = feature.Vocabulary is { } name ? folder.OpenFile(name) : null;
            categories[table] = CategoryEncoder.Of(
                feature, stream, Path.Combine(folder.FullPath, feature.Vocabulary ?? ""), config.TableRows[table],
                criteo && feature.Type == SparseType.Hex);
        }

        return new RowEncoder(description, categories, config.TableRows);
    }

    /// <summary>The number of a field, −1 when the model has none of that name.</summary>
    /// <param name="name">In UTF-8.</param>
    public int FieldOf(ReadOnlySpan<byte> name) => _names.Find(name, ValueDictionary.Hash(name));

    /// <summary>The number of a field, −1 when the model has none of that name.</summary>
    /// <param name="name">The raw column's name.</param>
    public int FieldOf(string name) => FieldOf(Encoding.UTF8.GetBytes(name));

    /// <summary>Reads a label as it stands in text.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="label">In [0, 1].</param>
    /// <returns>False when it is none.</returns>
    public bool TryReadLabel(ReadOnlySpan<byte> text, out float label) =>
        DelimitedParser.TryLabel(text, _positive, _missing, out label);

    /// <summary>Reads a number as it stands in text; NaN for a missing one.</summary>
    internal bool TryReadNumber(ReadOnlySpan<byte> text, out double number) =>
        DelimitedParser.TryNumber(text, _missing, out number);

    private static RawField[] MakeFields(DataSetDescription description)
    {
        IEnumerable<string> numbers = description.Dense.Select(feature => feature.Column).OfType<string>();
        string[] names = [.. numbers.Concat(description.Sparse.Select(feature => feature.RawColumn)).Distinct(StringComparer.Ordinal)];
        return
        [
            .. names.Select(name =>
            {
                int[] dense = [.. Places(description.Dense, feature => feature.Column == name)];
                int[] tables = [.. Places(description.Sparse, feature => feature.RawColumn == name)];
                SparseFeature? category = tables.Length == 0 || dense.Length > 0 ? null : description.Sparse[tables[0]];
                return new RawField(
                    name,
                    category is null ? RawFieldKind.Number : category.IsBag ? RawFieldKind.Bag : RawFieldKind.Category,
                    category?.Type ?? SparseType.Text,
                    category?.Separator,
                    dense,
                    tables);
            }),
        ];
    }

    private static IEnumerable<int> Places<T>(IReadOnlyList<T> features, Func<T, bool> wanted) =>
        Enumerable.Range(0, features.Count).Where(place => wanted(features[place]));
}
