using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Data.Folders;

namespace Dlrm.Cli.Running;

/// <summary>A data set folder as training and test samples.</summary>
internal sealed class FolderData : IDisposable
{
    private FolderData(DataSetFolder folder, FolderBatchSource train, FolderBatchSource test, IReadOnlyList<string> messages)
    {
        Folder = folder;
        Train = train;
        Test = test;
        Messages = messages;
    }

    /// <summary>The open folder.</summary>
    public DataSetFolder Folder { get; }

    /// <summary>Training samples.</summary>
    public FolderBatchSource Train { get; }

    /// <summary>Test samples.</summary>
    public FolderBatchSource Test { get; }

    /// <summary>What a person should know.</summary>
    public IReadOnlyList<string> Messages { get; }

    /// <summary>Opens the folder that the options name.</summary>
    /// <exception cref="UsageException">Options contradict what it holds.</exception>
    public static FolderData Open(OptionValues values, int testBatchSize)
    {
        string path = values.Get(DataOptions.Set);
        CheckShape(values, DataSetFolder.Describe(path), path);
        var folder = DataSetFolder.Open(path, values.Get(DataSetOptions.Verify) == "full");
        try
        {
            var messages = new List<string>();
            string randomize = values.Get(DataOptions.Randomize);
            if (randomize == "day")
            {
                throw new UsageException($"--data-randomize=day: {path} has no days; total shuffles all training rows, none leaves them in order.");
            }

            var train = new FolderBatchSource(
                folder, Split(folder, values.Get(DataSetOptions.TrainSplit), DataSetOptions.TrainSplit), values.GetInt(TrainOptions.BatchSize),
                randomize == "none" ? null : (ulong)values.Get(TrainOptions.Seed), values.GetInt(DataSetOptions.ShuffleBuffer));
            return new FolderData(folder, train, new FolderBatchSource(folder, TestSplit(folder, values, messages), testBatchSize), messages);
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
        Folder.Dispose();
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
