using System.Globalization;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Folders;

/// <summary>Turns rows back into raw values: categories through the vocabularies, numbers through the inverse transform.</summary>
/// <remarks>What encoding dropped stays dropped: values of index 0, hashed values (shown as #row), clipped and binned numbers (rounded to six digits).</remarks>
public sealed class RowDecoder
{
    private readonly DataSetFolder _folder;
    private readonly ValueDictionary?[] _vocabularies;

    /// <summary>Reads the vocabularies.</summary>
    /// <param name="folder">An open data set.</param>
    public RowDecoder(DataSetFolder folder)
    {
        _folder = folder;
        DataSetDescription description = folder.Description;
        _vocabularies = [.. description.Sparse.Select(folder.Vocabulary)];
        Names =
        [
            description.Label.Column, .. description.Dense.Select(feature => feature.Name),
            .. description.Sparse.Select(feature => feature.Name), .. description.Weight is { } weight ? [weight] : Array.Empty<string>(),
        ];
    }

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The first rows of a part.</summary>
    /// <param name="split">Its name.</param>
    /// <param name="rows">At most so many.</param>
    public IEnumerable<IReadOnlyList<string>> Read(string split, int rows)
    {
        int count = (int)Math.Min(rows, _folder.Split(split).Rows);
        if (count == 0)
        {
            yield break;
        }

        using var source = new FolderBatchSource(_folder, split, count);
        using var batch = new Batch(_folder.DenseFeatures, _vocabularies.Length);
        source.Read(0, batch);
        for (int row = 0; row < count; row++)
        {
            yield return Row(batch, row);
        }
    }

    /// <summary>A number whose encoding is <paramref name="value"/>.</summary>
    private static string Number(DenseFeature feature, float value)
    {
        if (feature.IsIndicator || feature.Column is null || feature.Borders is not null)
        {
            return value.ToString(CultureInfo.InvariantCulture);
        }

        double plain = (value * feature.Divisor) + feature.Shift;
        double raw = feature.Log1p ? Math.Exp(plain) - 1 : plain;

        // float32 has some seven digits; a count is a whole number to that precision.
        double whole = Math.Round(raw);
        return Math.Abs(raw) < long.MaxValue && Math.Abs(raw - whole) <= 1e-5 * Math.Max(1, Math.Abs(raw))
            ? ((long)whole).ToString(CultureInfo.InvariantCulture)
            : raw.ToString("G6", CultureInfo.InvariantCulture);
    }

    private string[] Row(Batch batch, int row)
    {
        DataSetDescription description = _folder.Description;
        var fields = new List<string> { batch.Labels[row].ToString(CultureInfo.InvariantCulture) };
        for (int feature = 0; feature < description.Dense.Count; feature++)
        {
            fields.Add(Number(description.Dense[feature], batch.Dense[(row * description.Dense.Count) + feature]));
        }

        for (int table = 0; table < description.Sparse.Count; table++)
        {
            int first = batch.Offsets(table)[row];
            int end = batch.Offsets(table)[row + 1];
            var values = new string[end - first];
            for (int value = first; value < end; value++)
            {
                values[value - first] = Value(description.Sparse[table], table, batch.Indices(table)[value]);
            }

            fields.Add(string.Join(description.Sparse[table].Separator ?? "", values));
        }

        if (batch.HasWeights)
        {
            fields.Add(batch.Weights[row].ToString(CultureInfo.InvariantCulture));
        }

        return [.. fields];
    }

    private string Value(SparseFeature feature, int table, int index)
    {
        if (_vocabularies[table] is not { } vocabulary)
        {
            return string.Create(CultureInfo.InvariantCulture, $"#{index}");
        }

        if (feature.OutOfVocabulary && index == 0)
        {
            return FeatureVocabulary.Other;
        }

        return VocabularyFile.Text(vocabulary[feature.OutOfVocabulary ? index - 1 : index]);
    }
}
