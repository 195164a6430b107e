using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Cli.Options;
using Dlrm.Data;
using Dlrm.Data.Adult;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Random;

namespace Dlrm.Cli.Running;

/// <summary>The training and test samples that the options name.</summary>
internal sealed class RunData : IDisposable
{
    private readonly IDisposable? _owned;

    internal RunData(IBatchSource train, IBatchSource test, IDisposable? owned, IBatchSource? validation = null)
    {
        Train = train;
        Test = test;
        Validation = validation;
        _owned = owned;
    }

    /// <summary>Training samples.</summary>
    public IBatchSource Train { get; private set; }

    /// <summary>Test samples.</summary>
    public IBatchSource Test { get; private set; }

    /// <summary>Training samples held out (<c>--validation-fraction</c>); null for none.</summary>
    public IBatchSource? Validation { get; private set; }

    /// <summary>The name of the test samples, where there are further ones; null for none.</summary>
    public string? TestName { get; init; }

    /// <summary>Further samples to test with, each for itself, with their names.</summary>
    public IReadOnlyList<(string Name, IBatchSource Source)> MoreTests { get; private set; } = [];

    /// <summary>The share of negative rows that was dropped from the data.</summary>
    public double NegativesDropped { get; init; }

    /// <summary>What it is, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>True when labels are drawn at random.</summary>
    public bool RandomLabels { get; init; }

    /// <summary>True when the data decide the number of dense features and the tables' rows.</summary>
    public bool BringsShape { get; init; }

    /// <summary>Name, among the facts, of the hash of the file that gives categories their numbers.</summary>
    public const string FileHash = "xxhash3";

    /// <summary>What config.json says about the data.</summary>
    public JsonObject Facts { get; init; } = [];

    /// <summary>Files for the model's folder with which raw values are encoded as in training.</summary>
    public IReadOnlyDictionary<string, Action<Stream>> EncodingFiles { get; init; } = new Dictionary<string, Action<Stream>>();

    /// <summary>What the rows of each table stand for, where the data say so; else none.</summary>
    public IReadOnlyList<FeatureVocabulary> Vocabularies { get; init; } = [];

    /// <summary>What a person should know about the loading, one line each.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];

    /// <summary>Loads.</summary>
    /// <param name="values">The options.</param>
    /// <param name="random">The run's generator, seeded; a data set's shuffles draw from it as in the reference.</param>
    /// <param name="progress">Told how far a file is.</param>
    /// <param name="stop">Ends the loading.</param>
    public static RunData Load(
        OptionValues values, NumpyRandom random, IProgress<LoadProgress>? progress, CancellationToken stop)
    {
        RunData data = values.Get(DataOptions.Generation) switch
        {
            DataOptions.DataSet when values.Get(DataOptions.BinaryLoader) => BinaryData.Load(values, TestBatchSize(values)),
            DataOptions.DataSet when DataSetOptions.NamesFolder(values) => Folder(values, random),
            DataOptions.DataSet => Criteo(values, random, progress, stop),
            DataOptions.Sample => Adult(values),
            DataOptions.Synthetic => SyntheticData.Load(values, random),
            _ => Random(values, random),
        };
        return data.Bound(values.Get(TableOptions.MaxIndexPerTable));
    }

    public void Dispose() => _owned?.Dispose();

    /// <summary>Puts the bounds of --max-ind-range-per-table, if there are any, on all sources.</summary>
    private RunData Bound(IReadOnlyList<int> bounds)
    {
        if (bounds.Count == 0)
        {
            return this;
        }

        try
        {
            (Train, Test) = (new BoundedBatchSource(Train, bounds), new BoundedBatchSource(Test, bounds));
            Validation = Validation is null ? null : new BoundedBatchSource(Validation, bounds);
            MoreTests = [.. MoreTests.Select(test => (test.Name, (IBatchSource)new BoundedBatchSource(test.Source, bounds)))];
            return this;
        }
        catch (ArgumentException exception)
        {
            Dispose();
            throw new UsageException(exception.Message);
        }
    }

    /// <summary>What the options say of data that are drawn.</summary>
    internal static RandomDataOptions DrawnData(OptionValues values) => new()
    {
        DenseFeatures = values.Get(ModelOptions.BottomMlp)[0],
        TableRows = values.Get(ModelOptions.EmbeddingRows),
        DataSize = values.Get(DataOptions.Size),
        NumBatches = values.GetInt(TrainOptions.Batches),
        BatchSize = values.GetInt(TrainOptions.BatchSize),
        LookupsPerTable = values.GetInt(DataOptions.Lookups),
        FixedLookups = values.Get(DataOptions.LookupsFixed),
        RoundTargets = values.Get(ModelOptions.RoundTargets),
        Distribution = Enum.Parse<LookupDistribution>(values.Get(DataOptions.Distribution), ignoreCase: true),
        Min = values.Get(DataOptions.Minimum),
        Max = values.Get(DataOptions.Maximum),
        Mu = values.Get(DataOptions.Mean),
        Sigma = values.Get(DataOptions.Deviation),
        Seed = values.Get(TrainOptions.Seed),
    };

    /// <summary>Training and test samples that share a generator: test batches are as large as training batches.</summary>
    internal static RunData Drawn(IBatchSource train, IBatchSource test, string title, IReadOnlyList<string>? messages = null) => new(train, test, owned: null)
    {
        Title = title,
        RandomLabels = true,
        Messages = messages ?? [],
        Facts = new JsonObject { ["description"] = train.Description },
    };

    private static RunData Random(OptionValues values, NumpyRandom random)
    {
        try
        {
            RandomDataOptions options = DrawnData(values);

            // As in the reference, test batches are as large as training batches, and of the same samples.
            return Drawn(new RandomBatchSource(options, random), new RandomBatchSource(options, random), "random data");
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static RunData Adult(OptionValues values)
    {
        var options = new AdultOptions
        {
            BatchSize = values.GetInt(TrainOptions.BatchSize),
            TestBatchSize = TestBatchSize(values),
            ShuffleSeed = (ulong)values.Get(TrainOptions.Seed),
            ValidationFraction = values.Get(AccuracyOptions.ValidationFraction),
            NumbersAsCategories = values.Get(AccuracyOptions.NumbersAsCategories),
        };
        if (values.Get(AccuracyOptions.MinFrequency) > 0)
        {
            options = options with { RareBelow = values.GetInt(AccuracyOptions.MinFrequency) };
        }

        AdultDataSet set = AdultSample.Load(options);
        return new RunData(set.Train, set.Test, set, HeldOut(set.Validation))
        {
            Title = "Adult census income",
            BringsShape = true,
            EncodingFiles = set.EncodingFiles,
            Vocabularies = set.Vocabularies,
            Facts = new JsonObject
            {
                ["description"] = "Adult census income (UCI, CC BY 4.0), embedded",
                ["rows"] = set.Rows.Rows,
                ["label_rate"] = set.LabelRate,
            },
        };
    }

    private static RunData Criteo(
        OptionValues values, NumpyRandom random, IProgress<LoadProgress>? progress, CancellationToken stop)
    {
        CriteoDataSet set = CriteoKaggle.Load(
            new CriteoKaggleOptions
            {
                RawDataFile = values.Get(DataOptions.RawFile),
                ProcessedDataFile = values.Get(DataOptions.ProcessedFile),
                Randomize = Enum.Parse<CriteoRandomize>(values.Get(DataOptions.Randomize), ignoreCase: true),
                MemoryMap = values.Get(DataOptions.MemoryMap),
                SubSampleRate = values.Get(DataOptions.SubSample),
                MaxIndexRange = values.GetInt(DataOptions.MaxIndex),
                BatchSize = values.GetInt(TrainOptions.BatchSize),
                TestBatchSize = TestBatchSize(values),
                TestFraction = values.Get(AccuracyOptions.TestFraction),
                ValidationFraction = values.Get(AccuracyOptions.ValidationFraction),
                MinFrequency = values.GetInt(AccuracyOptions.MinFrequency),
                NumbersAsCategories = values.Get(AccuracyOptions.NumbersAsCategories),
                Standardize = values.Get(AccuracyOptions.Standardize),
                OnBadLine = Enum.Parse<OnBadLine>(values.Get(DataOptions.OnBadLine), ignoreCase: true),
            },
            random,
            progress,
            stop);
        CriteoReadReport report = set.Report;
        bool held = values.Get(AccuracyOptions.ValidationFraction) > 0;
        return new RunData(set.Train, set.Test, set, held ? HeldOut(set.Validation) : null)
        {
            Title = $"Criteo Kaggle, {Path.GetFileName(report.File)}",
            BringsShape = true,
            Messages = report.Messages,
            EncodingFiles = set.EncodingFiles(),
            NegativesDropped = values.Get(DataOptions.SubSample),
            Facts = new JsonObject
            {
                ["description"] = $"Criteo Kaggle, {Path.GetFileName(report.File)}",
                ["file"] = Path.GetFullPath(report.File),
                ["bytes"] = report.FileBytes,
                [FileHash] = report.FileHash.ToString("x16", CultureInfo.InvariantCulture),
                ["negatives_dropped"] = values.Get(DataOptions.SubSample),
                ["rows_read"] = report.RowsRead,
                ["rows_kept"] = report.RowsKept,
                ["lines_skipped"] = report.SkippedTotal,
                ["label_rate"] = set.LabelRate,
            },
        };
    }

    private static InMemoryBatchSource? HeldOut(InMemoryBatchSource validation) =>
        validation.SampleCount > 0 ? validation : null;

    private static RunData Folder(OptionValues values, NumpyRandom random)
    {
        FolderData data = FolderData.Open(values, TestBatchSize(values), random);
        DataSetDescription description = data.Folder.Description;
        return new RunData(data.Train, data.Test, data, data.Validation)
        {
            Title = description.Title,
            BringsShape = true,
            EncodingFiles = data.Folder.EncodingFiles(),
            Vocabularies = SliceNames.Wanted(values)
                ? data.Folder.Vocabularies(values: values.Get(TableOptions.MaxIndexPerTable).Count == 0) // bounds mix values
                : [],
            TestName = data.MoreTests.Count > 0 ? data.TestName : null,
            MoreTests = [.. data.MoreTests.Select(test => (test.Name, (IBatchSource)test.Source))],
            NegativesDropped = description.NegativesDropped,
            Messages = data.Messages,
            Facts = new JsonObject
            {
                ["description"] = $"{description.Title}, data set folder",
                ["file"] = data.Folder.FullPath,
                [FileHash] = data.Folder.EncodingHash,
                ["rows"] = description.Rows,
                ["negatives_dropped"] = description.NegativesDropped,
            },
        };
    }

    private static int TestBatchSize(OptionValues values)
    {
        int size = values.GetInt(TrainOptions.TestBatchSize);
        return size > 0 ? size : values.GetInt(TrainOptions.BatchSize);
    }
}
