namespace Dlrm.Data.Adult;

/// <summary>The embedded sample in memory.</summary>
public sealed class AdultDataSet : IDisposable
{
    internal AdultDataSet(
        AdultOptions options, TabularDataSet rows, int train, int held, IReadOnlyList<DenseTransform> transforms,
        IReadOnlyList<FeatureVocabulary> vocabularies)
    {
        Rows = rows;
        Transforms = transforms;
        Vocabularies = vocabularies;
        Train = new InMemoryBatchSource(
            rows, 0, train, options.BatchSize, "Adult census income, training part", options.ShuffleSeed);
        Test = new InMemoryBatchSource(
            rows, train + held, rows.Rows - train - held, options.TestBatchSize, "Adult census income, test part");
        Validation = new InMemoryBatchSource(rows, train, held, options.TestBatchSize, "Adult census income, validation part");
        LabelRate = rows.LabelRate(0, rows.Rows);
    }

    /// <summary>The first 80 % of the rows, less those held out; each pass in an order of its own, if there is a seed.</summary>
    public InMemoryBatchSource Train { get; }

    /// <summary>The other rows in file order.</summary>
    public InMemoryBatchSource Test { get; }

    /// <summary>The training rows held out, in file order; none by default.</summary>
    public InMemoryBatchSource Validation { get; }

    /// <summary>All rows in file order.</summary>
    public TabularDataSet Rows { get; }

    /// <summary>Rows of the eight tables, or of the fourteen.</summary>
    public IReadOnlyList<int> TableRows => Rows.TableRows;

    /// <summary>How each dense feature is brought into the model.</summary>
    public IReadOnlyList<DenseTransform> Transforms { get; }

    /// <summary>What the indices of each categorical feature stand for.</summary>
    public IReadOnlyList<FeatureVocabulary> Vocabularies { get; }

    /// <summary>
    /// The files with which raw values are encoded as here, by their names in a model folder: dataset.json and the
    /// vocabularies. Each is written by its action.
    /// </summary>
    public IReadOnlyDictionary<string, Action<Stream>> EncodingFiles { get; internal init; } = new Dictionary<string, Action<Stream>>();

    /// <summary>Share of positive labels over all rows.</summary>
    public double LabelRate { get; }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => Rows.Dispose();
}
