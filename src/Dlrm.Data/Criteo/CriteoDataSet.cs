using Dlrm.Random;

namespace Dlrm.Data.Criteo;

/// <summary>Click logs in memory, divided into training, test and validation.</summary>
public sealed class CriteoDataSet : IDisposable
{
    private readonly uint[][] _vocabularies;
    private readonly CriteoEncoding _encoding;

    internal CriteoDataSet(CriteoKaggleOptions options, CriteoContent content, NumpyRandom random, CriteoReadReport report)
    {
        Report = report;
        _vocabularies = content.Vocabularies;
        int[] days = content.Metadata.DayRows;
        (int train, int test) = Parts(options, days);
        int held = (int)(train * options.ValidationFraction);
        train -= held;
        days = [.. Shortened(days, train), days.Sum() - train];
        _encoding = new CriteoEncoding(options, content) { TrainRows = train };
        Rows = options.MinFrequency > 0 || options.NumbersAsCategories
            ? Categories(content.Rows, train, options, _encoding)
            : content.Rows;
        if (options.Standardize && train > 0)
        {
            _encoding.Scales = Standardization.Apply(Rows, train);
        }

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
        Test = new InMemoryBatchSource(Rows, train + held, test, testBatch, $"{name}, test part");
        Validation = held > 0
            ? new InMemoryBatchSource(Rows, train, held, testBatch, $"{name}, validation part")
            : new InMemoryBatchSource(Rows, train + test, Rows.Rows - train - test, testBatch, $"{name}, validation part");
        LabelRate = Rows.LabelRate(0, Rows.Rows);
    }

    /// <summary>All days but the last (or all rows but the test's), less those held out, in the order asked for.</summary>
    public InMemoryBatchSource Train { get; }

    /// <summary>The first half of the last day, rounded up, or the share asked for; in file order.</summary>
    public InMemoryBatchSource Test { get; }

    /// <summary>The training rows held out, if there are any, else the rest of the last day; in file order.</summary>
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

    /// <summary>
    /// The files with which raw values are encoded as here, by their names in a model folder: dataset.json and the
    /// vocabularies. Each is written by its action.
    /// </summary>
    public IReadOnlyDictionary<string, Action<Stream>> EncodingFiles() => _encoding.Files(Rows);

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => Rows.Dispose();

    private static (int Train, int Test) Parts(CriteoKaggleOptions options, int[] days)
    {
        if (options.TestFraction == 0)
        {
            return (days[..^1].Sum(), (days[^1] + 1) / 2);
        }

        int rows = days.Sum();
        int train = (int)(rows * (1 - options.TestFraction));
        return (train, rows - train);
    }

    /// <summary>The days as far as they are trained on.</summary>
    private static List<int> Shortened(int[] days, int train)
    {
        var shortened = new List<int>();
        for (int day = 0; day < days.Length && train > 0; day++)
        {
            shortened.Add(Math.Min(days[day], train));
            train -= shortened[^1];
        }

        return shortened;
    }

    private static TabularDataSet Categories(TabularDataSet rows, int train, CriteoKaggleOptions options, CriteoEncoding encoding)
    {
        var tables = rows.TableRows.ToArray();
        for (int table = 0; table < tables.Length; table++)
        {
            if (table >= CriteoColumns.Categorical)
            {
                List<string> values = NumberCategories.Apply(rows, table, train, Math.Max(options.MinFrequency, 1), out bool binned);
                encoding.AddNumber(values, binned);
                tables[table] = values.Count + 1;
            }
            else if (options.MinFrequency > 0)
            {
                tables[table] = FrequencyFloor.Apply(rows, table, train, options.MinFrequency, out int[] numbers);
                encoding.Renumbered[table] = numbers;
            }
        }

        return rows.WithTables(tables);
    }
}
