using Dlrm.Data.Folders;

namespace Dlrm.Data.Adult;

/// <summary>How raw values of the sample are encoded, for the model's folder.</summary>
internal sealed class AdultEncoding(
    AdultOptions options, IReadOnlyList<DenseTransform> transforms, IReadOnlyList<FeatureVocabulary> vocabularies)
{
    private readonly List<(SparseFeature Feature, IReadOnlyList<string> Values)> _features =
    [
        .. vocabularies.Select(vocabulary => (
            new SparseFeature
            {
                Name = vocabulary.Name,
                TableRows = vocabulary.Values.Count,
                OutOfVocabulary = true,
                MinFrequency = options.RareBelow,
            },
            (IReadOnlyList<string>)[.. vocabulary.Values.Skip(1)])),
    ];

    /// <summary>Rows of the tables.</summary>
    public int[] TableRows => [.. _features.Select(entry => entry.Feature.TableRows)];

    /// <summary>Adds a whole number that is a category too.</summary>
    /// <param name="column">Its raw column.</param>
    /// <param name="values">The categories with the indices 1, 2, ….</param>
    /// <param name="binned">Large numbers are divided into bins.</param>
    public void AddNumber(string column, IReadOnlyList<string> values, bool binned) => _features.Add((
        new SparseFeature
        {
            Name = column + "_category",
            Column = column,
            TableRows = values.Count + 1,
            Type = SparseType.Integer,
            LogarithmBins = binned,
            OutOfVocabulary = true,
            MinFrequency = options.RareBelow,
        },
        values));

    /// <summary>The files, by name.</summary>
    /// <param name="rows">The encoded rows.</param>
    /// <param name="trainRows">The first so many are for training.</param>
    public IReadOnlyDictionary<string, Action<Stream>> Files(TabularDataSet rows, int trainRows) => EncodingFiles.Of(
        new DataSetDescription
        {
            Title = "Adult census income",
            Preset = "adult",
            Rows = rows.Rows,
            SourceRows = rows.Rows,
            Label = new LabelFeature(AdultTable.LabelName, [AdultTable.Positive]),
            Dense =
            [
                .. transforms.Select(transform => new DenseFeature
                {
                    Name = transform.Name,
                    Column = transform.Name,
                    Log1p = true,
                    Shift = transform.Mean,
                    Divisor = transform.Deviation,
                }),
            ],
            Sparse = [.. _features.Select(entry => entry.Feature)],
            Files = [],
            Splits = [],
        },
        [.. _features.Select((entry, table) => EncodingFiles.Vocabulary(entry.Values, 1, rows, table, trainRows))]);
}
