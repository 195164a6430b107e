using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Random;

namespace Dlrm.Cli.Running;

/// <summary>A data set folder as training and test samples.</summary>
internal sealed class FolderData : IDisposable
{
    private FolderData(
        DataSetFolder folder, FolderBatchSource train, FolderBatchSource test, FolderBatchSource? validation, IReadOnlyList<string> messages)
    {
        Folder = folder;
        Train = train;
        Test = test;
        Validation = validation;
        Messages = messages;
    }

    /// <summary>The open folder.</summary>
    public DataSetFolder Folder { get; }

    /// <summary>Training samples.</summary>
    public FolderBatchSource Train { get; }

    /// <summary>Test samples.</summary>
    public FolderBatchSource Test { get; }

    /// <summary>Samples held out of training; null for none.</summary>
    public FolderBatchSource? Validation { get; }

    /// <summary>The further parts of --data-set-split.</summary>
    public IReadOnlyList<(string Name, FolderBatchSource Source)> MoreTests { get; private init; } = [];

    /// <summary>The name of the part that <see cref="Test"/> is.</summary>
    public required string TestName { get; init; }

    /// <summary>What a person should know.</summary>
    public IReadOnlyList<string> Messages { get; }

    /// <summary>Opens the folder that the options name.</summary>
    /// <exception cref="UsageException">Options contradict what it holds.</exception>
    public static FolderData Open(OptionValues values, int testBatchSize, NumpyRandom random)
    {
        string path = values.Get(DataOptions.Set);
        CheckShape(values, DataSetFolder.Describe(path), path);
        var folder = DataSetFolder.Open(path, values.Get(DataSetOptions.Verify) == "full");
        try
        {
            var messages = new List<string>();
            FolderBatchSource train = TrainSource(folder, values, random);
            string held = values.Get(AccuracyOptions.ValidationSplit);
            string test = TestSplit(folder, values, messages);
            return new FolderData(
                folder,
                train,
                new FolderBatchSource(folder, test, testBatchSize),
                held.Length == 0 ? null : new FolderBatchSource(folder, Split(folder, held, AccuracyOptions.ValidationSplit), testBatchSize),
                messages)
            {
                TestName = test,
                MoreTests =
                [
                    .. values.Get(DataSetOptions.Split).Skip(1).Select(name =>
                        (name, new FolderBatchSource(folder, Split(folder, name, DataSetOptions.Split), testBatchSize))),
                ],
            };
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Train.Dispose();
        Test.Dispose();
        Validation?.Dispose();
        foreach ((_, FolderBatchSource source) in MoreTests)
        {
            source.Dispose();
        }

        Folder.Dispose();
    }

    /// <summary>
    /// Criteo's sets are read in the reference's order, one for all passes, unless a shuffle buffer is asked for; others in
    /// a new order each pass.
    /// </summary>
    private static FolderBatchSource TrainSource(DataSetFolder folder, OptionValues values, NumpyRandom random)
    {
        string name = Split(folder, values.Get(DataSetOptions.TrainSplit), DataSetOptions.TrainSplit);
        int batch = values.GetInt(TrainOptions.BatchSize);
        var randomize = Enum.Parse<CriteoRandomize>(values.Get(DataOptions.Randomize), ignoreCase: true);
        bool asReference = folder.Split(name).Days is not null && !values.IsGiven(DataSetOptions.ShuffleBuffer);
        if (randomize == CriteoRandomize.Day && !asReference)
        {
            throw new UsageException(
                values.IsGiven(DataSetOptions.ShuffleBuffer)
                    ? "--data-randomize=day is the reference's order, in memory; --shuffle-buffer is for total: leave one of them out."
                    : $"--data-randomize=day: {folder.FullPath} has no days; total shuffles all training rows, none leaves them in order.");
        }

        if (values.Get(DataOptions.MemoryMap) && !asReference)
        {
            throw new UsageException("--memory-map names an order of Criteo's days in the reference; leave it out: data set folders are always mapped.");
        }

        if (!asReference)
        {
            return new FolderBatchSource(
                folder, name, batch, randomize == CriteoRandomize.None ? null : (ulong)values.Get(TrainOptions.Seed),
                values.GetInt(DataSetOptions.ShuffleBuffer));
        }

        int[]? order = CriteoFolder.Order(folder, randomize, values.Get(DataOptions.MemoryMap), random);
        return order is null ? new FolderBatchSource(folder, name, batch) : new FolderBatchSource(folder, name, batch, order);
    }

    private static string TestSplit(DataSetFolder folder, OptionValues values, List<string> messages)
    {
        string name = values.Get(DataSetOptions.Split)[0];
        if (values.IsGiven(DataSetOptions.Split) || folder.Description.Splits.Any(split => split.Name == name && split.Rows > 0))
        {
            return Split(folder, name, DataSetOptions.Split);
        }

        SplitEntry other = folder.Description.Splits.LastOrDefault(split => split.Rows > 0 && split.Name != "train")
            ?? folder.Description.Splits[0];
        messages.Add($"{folder.Description.Title} has no rows in a part '{name}': tests use the {other.Name} part"
            + (other.Name == "train" ? ", the very rows that are trained on." : "."));
        return other.Name;
    }

    private static string Split(DataSetFolder folder, string name, ToolOption option)
    {
        SplitEntry? split = folder.Description.Splits.FirstOrDefault(split => split.Name == name);
        return split is { Rows: > 0 }
            ? name
            : throw new UsageException(
                $"{option.Switch}={name}: {folder.FullPath} has {(split is null ? "no such part" : "no row there")}; it has "
                + string.Join(", ", folder.Description.Splits.Select(
                    part => string.Create(CultureInfo.InvariantCulture, $"{part.Name} ({part.Rows:N0} rows)"))) + ".");
    }

    /// <summary>The folder decides the sizes; an option that says otherwise is a misunderstanding (dlrm#53).</summary>
    private static void CheckShape(OptionValues values, DataSetDescription description, string path)
    {
        int first = values.Get(ModelOptions.BottomMlp)[0];
        if (values.IsGiven(ModelOptions.BottomMlp) && first != description.Dense.Count)
        {
            throw new UsageException(
                $"--arch-mlp-bot begins with {first}, but {path} has {description.Dense.Count} dense features: begin it with {description.Dense.Count}.");
        }

        int[] rows = [.. description.Sparse.Select(feature => feature.TableRows)];
        if (values.IsGiven(ModelOptions.EmbeddingRows) && !values.Get(ModelOptions.EmbeddingRows).SequenceEqual(rows))
        {
            throw new UsageException(
                $"--arch-embedding-size={string.Join('-', values.Get(ModelOptions.EmbeddingRows))}, but {path} has tables of {string.Join('-', rows)} rows: leave the option out.");
        }

        long range = description.Sparse.Max(feature => feature.Modulo);
        if (values.IsGiven(DataOptions.MaxIndex) && Math.Max(0, values.Get(DataOptions.MaxIndex)) != range)
        {
            throw new UsageException(
                $"--max-ind-range={values.Get(DataOptions.MaxIndex)}, but {path} was made with {(range == 0 ? "none" : $"{range}")}: leave the option out, or make the data set again.");
        }

        if (values.IsGiven(DataOptions.SubSample) && values.Get(DataOptions.SubSample) != description.NegativesDropped)
        {
            throw new UsageException(string.Create(
                CultureInfo.InvariantCulture,
                $"--data-sub-sample-rate={values.Get(DataOptions.SubSample)}, but {path} was made with {description.NegativesDropped}: leave the option out, or make the data set again."));
        }
    }
}
