using Dlrm.Random;

namespace Dlrm.Data.Criteo;

/// <summary>Click logs in memory, divided into training, test and validation.</summary>
public sealed class CriteoDataSet : IDisposable
{
    private readonly uint[][] _vocabularies;

    internal CriteoDataSet(CriteoKaggleOptions options, CriteoContent content, NumpyRandom random, CriteoReadReport report)
    {
        Report = report;
        Rows = content.Rows;
        _vocabularies = content.Vocabularies;
        int[] days = content.Metadata.DayRows;
        int train = days[..^1].Sum();
        int test = (days[^1] + 1) / 2;
        if (train == 0 || test == 0)
        {
            throw new BadDataException(
                options.RawDataFile,
                $"no rows are left to {(train == 0 ? "train on" : "test with")} after sub-sampling at a rate of {options.SubSampleRate}; lower --data-sub-sample-rate.");
        }

        string name = $"Criteo Kaggle, {Path.GetFileName(options.RawDataFile)}";
        int[]? order = CriteoOrder.Draw(options.Randomize, days, options.MemoryMap, random);
        int testBatch = options.TestBatchSize > 0 ? options.TestBatchSize : options.BatchSize;
        Train = order is null
            ? new InMemoryBatchSource(Rows, 0, train, options.BatchSize, $"{name}, training part")
            : new InMemoryBatchSource(Rows, order, options.BatchSize, $"{name}, training part");
        Test = new InMemoryBatchSource(Rows, train, test, testBatch, $"{name}, test part");
        Validation = new InMemoryBatchSource(Rows, train + test, days[^1] - test, testBatch, $"{name}, validation part");
        LabelRate = Rows.LabelRate(0, Rows.Rows);
    }

    /// <summary>All days but the last, in the order asked for.</summary>
    public InMemoryBatchSource Train { get; }

    /// <summary>The first half of the last day, rounded up, in file order.</summary>
    public InMemoryBatchSource Test { get; }

    /// <summary>The rest of the last day, in file order.</summary>
    public InMemoryBatchSource Validation { get; }

    /// <summary>All rows in file order.</summary>
    public TabularDataSet Rows { get; }

    /// <summary>Rows of the 26 tables.</summary>
    public IReadOnlyList<int> TableRows => Rows.TableRows;

    /// <summary>Share of positive labels over all rows.</summary>
    public double LabelRate { get; }

    /// <summary>What was found in the file, and how it was loaded.</summary>
    public CriteoReadReport Report { get; }

    /// <summary>The hashes (modulo the range, if there is one) that the indices of a column stand for.</summary>
    /// <param name="column">0 … 25, for C1 … C26.</param>
    public ReadOnlySpan<uint> Vocabulary(int column) => _vocabularies[column];

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => Rows.Dispose();
}
