using System.Globalization;
using System.Text;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Folders;

/// <summary>
/// The files of a model folder with which raw values are encoded as in training, where the data came straight from text and
/// there is no data set folder to copy them from.
/// </summary>
internal static class EncodingFiles
{
    /// <summary>dataset.json and the vocabularies, by name, each written by its action.</summary>
    /// <param name="description">What the data are; features with a vocabulary are named one here.</param>
    /// <param name="vocabularies">(T): the values of each feature, null where hashed.</param>
    public static IReadOnlyDictionary<string, Action<Stream>> Of(
        DataSetDescription description, IReadOnlyList<FittedVocabulary?> vocabularies)
    {
        var files = new Dictionary<string, Action<Stream>>();
        SparseFeature[] sparse = [.. description.Sparse];
        for (int table = 0; table < sparse.Length; table++)
        {
            if (vocabularies[table] is { } vocabulary)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"vocabulary-{table:000}.arrow");
                sparse[table] = sparse[table] with { Vocabulary = name };
                files.Add(name, stream => VocabularyFile.Write(stream, vocabulary));
            }
        }

        description = description with { Sparse = sparse };
        files.Add(DataSetDescription.FileName, stream => stream.Write(Encoding.UTF8.GetBytes(description.ToJson())));
        return files;
    }

    /// <summary>A vocabulary of texts, counted in rows in memory.</summary>
    /// <param name="values">The values.</param>
    /// <param name="first">The index of the first.</param>
    /// <param name="rows">The rows, alive when it is written.</param>
    /// <param name="table">Their table.</param>
    /// <param name="trainRows">The first so many rows are counted.</param>
    public static FittedVocabulary Vocabulary(
        IReadOnlyList<string> values, int first, TabularDataSet rows, int table, int trainRows) =>
        Vocabulary(values.Count, value => Encoding.UTF8.GetBytes(values[value]), first, rows, table, trainRows);

    /// <summary>A vocabulary of any bytes, counted in rows in memory.</summary>
    /// <param name="count">Values.</param>
    /// <param name="value">Each.</param>
    /// <param name="first">The index of the first.</param>
    /// <param name="rows">The rows, alive when it is written.</param>
    /// <param name="table">Their table.</param>
    /// <param name="trainRows">The first so many rows are counted.</param>
    public static FittedVocabulary Vocabulary(
        int count, VocabularyFile.ValueOf value, int first, TabularDataSet rows, int table, int trainRows)
    {
        var counts = new Lazy<long[]>(() =>
        {
            var found = new long[count + first];
            for (int row = 0; row < trainRows; row++)
            {
                found[rows.Index(row, table)]++;
            }

            return found;
        });
        return new FittedVocabulary(count, value, number => counts.Value[number + first], count);
    }
}
