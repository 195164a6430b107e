using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Data.Tests.Criteo;

/// <summary>The folder holds what the reference makes of Criteo's text, to the last row.</summary>
public sealed class CriteoPreprocessorTests
{
    public static TheoryData<string> Cases => [.. GoldenCase.All.Select(golden => golden.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Folder_has_the_rows_and_the_order_of_the_reference(string name)
    {
        GoldenCase golden = GoldenCase.Named(name);
        using var folder = new TemporaryFolder();
        string file = folder.Write("train.txt", GoldenCase.Text);
        CriteoPreprocessor.Run(Options(golden, file, folder["out"]));

        using var set = DataSetFolder.Open(folder["out"], verify: true);
        Assert.Equal(golden.Counts, set.TableRows);
        Assert.Equal(golden.Rows, set.Description.Rows);
        Assert.Equal(golden.TestRows, set.Split("test").Rows);
        CriteoKaggleOptions options = golden.Options(file) with { UseCache = false };
        using CriteoDataSet memory = CriteoKaggle.Load(options, new NumpyRandom(golden.Seed));
        var random = new NumpyRandom(golden.Seed);
        int[]? order = CriteoFolder.Order(set, options.Randomize, options.MemoryMap, random);
        using FolderBatchSource train = order is null
            ? new FolderBatchSource(set, "train", 64)
            : new FolderBatchSource(set, "train", 64, order);
        AssertSame(memory.Train, train);
        using var test = new FolderBatchSource(set, "test", 100);
        AssertSame(memory.Test, test);
        using var validation = new FolderBatchSource(set, "validation", 100);
        AssertSame(memory.Validation, validation);

        // The reference draws the weights of table 0 next: uniform, ± the root of one over its rows.
        double bound = Math.Sqrt(1.0 / golden.TableRows);
        Assert.Equal(golden.FirstWeights, golden.FirstWeights.Select(_ => (float)random.Uniform(-bound, bound)));
    }

    [Theory]
    [InlineData(',')]
    [InlineData(';')]
    [InlineData(' ')]
    public void Other_separators_give_the_same_rows(char separator)
    {
        GoldenCase golden = GoldenCase.Named("none");
        using var folder = new TemporaryFolder();
        CriteoPreprocessor.Run(Options(golden, folder.Write("train.txt", GoldenCase.Text), folder["tabs"]));
        byte[] text = [.. GoldenCase.Text.Select(letter => letter == '\t' ? (byte)separator : letter)];
        string file = folder.Write("train.csv", text);
        CriteoPreprocessor.Run(Options(golden, file, folder["other"]) with { Delimiter = separator });

        DataSetDescription tabs = DataSetFolder.Describe(folder["tabs"]);
        DataSetDescription other = DataSetFolder.Describe(folder["other"]);
        Assert.Equal(tabs.Files, other.Files);
        Assert.Equal(tabs.Sparse, other.Sparse);
        Assert.Equal(separator.ToString(), other.Text.Delimiter);
        Assert.Throws<BadDataException>(() => CriteoPreprocessor.Run(Options(golden, file, folder["third"])));
    }

    [Fact]
    public void Days_in_files_of_their_own_share_one_numbering()
    {
        using var folder = new TemporaryFolder();
        string text = System.Text.Encoding.Latin1.GetString(GoldenCase.Text);
        string[] lines = text.Split('\n')[..^1];
        folder.Write("day_2", string.Join('\n', lines[1000..2900]) + "\n");
        folder.Write("day_10.gz", TemporaryFolder.GZip(System.Text.Encoding.Latin1.GetBytes(string.Join('\n', lines[2900..]) + "\n")));
        folder.Write("day_0", string.Join('\n', lines[..1000]) + "\n");
        CriteoPreprocessor.Run(new CriteoPreprocessOptions { Inputs = [folder["day_*"]], Output = folder["out"], Terabyte = true });

        DataSetDescription description = DataSetFolder.Describe(folder["out"]);
        Assert.Equal([1000L, 1900], description.Splits[0].Days!);
        Assert.Equal([2900L, 50, 50], description.Splits.Select(split => split.Rows));
        Assert.Equal(GoldenCase.Named("none").Counts, description.Sparse.Select(feature => feature.TableRows));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    public void A_stopped_run_goes_on_to_the_same_bytes(double rate)
    {
        using var folder = new TemporaryFolder();
        byte[] text = [.. Enumerable.Repeat(GoldenCase.Text, 8).SelectMany(bytes => bytes)];
        string file = folder.Write("train.txt", text);
        CriteoPreprocessOptions options = new()
        {
            Inputs = [file],
            Output = folder["whole"],
            FileBytes = 300_000,
            SubSampleRate = rate,
            Threads = 1,
        };
        CriteoPreprocessor.Run(options);
        string[] expected = Hashes(folder["whole"]);
        Assert.True(DataSetFolder.Describe(folder["whole"]).Files.Count > 4);

        foreach (int reports in new[] { 5, 4 })
        {
            using var stop = new CancellationTokenSource();
            var counting = new Stopping(stop, reports);
            Assert.Throws<OperationCanceledException>(() => CriteoPreprocessor.Run(options with { Output = folder["cut"] }, counting, stop.Token));
            Assert.False(Directory.Exists(folder["cut"]));
            Assert.NotEmpty(Directory.GetFiles(folder["cut.partial"], "rows-*.arrow"));
        }

        // A line of the journal that was being written when the power went, and a file that it had not heard of.
        File.AppendAllText(Path.Combine(folder["cut.partial"], JournalFile.Name), "{\"File\":{\"Na");
        File.WriteAllText(Path.Combine(folder["cut.partial"], "rows-00077.arrow"), "half");
        PreprocessReport report = CriteoPreprocessor.Run(options with { Output = folder["cut"], Threads = 3 });

        Assert.Contains(report.Messages, message => message.Contains("an earlier process was stopped", StringComparison.Ordinal));
        Assert.Equal(expected, Hashes(folder["cut"]));
        Assert.Empty(Directory.GetFiles(folder["cut"], "gains-*"));
    }

    [Fact]
    public void A_failing_run_leaves_nothing_and_the_data_set_that_was_there()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("train.txt", GoldenCase.Text);
        CriteoPreprocessor.Run(new CriteoPreprocessOptions { Inputs = [file], Output = folder["out"] });
        string[] before = Hashes(folder["out"]);
        folder.Write("train.txt", [.. GoldenCase.Text, .. "1\tx\n"u8]);

        Assert.Contains("--overwrite", Assert.Throws<BadDataException>(() => CriteoPreprocessor.Run(
            new CriteoPreprocessOptions { Inputs = [file], Output = folder["out"] })).Message, StringComparison.Ordinal);
        Assert.Contains("line 3001", Assert.Throws<BadDataException>(() => CriteoPreprocessor.Run(
            new CriteoPreprocessOptions { Inputs = [file], Output = folder["out"], Overwrite = true })).Message, StringComparison.Ordinal);
        Assert.Equal(before, Hashes(folder["out"]));
        Assert.False(Directory.Exists(folder["out.partial"]));
    }

    private static CriteoPreprocessOptions Options(GoldenCase golden, string file, string output) => new()
    {
        Inputs = [file],
        Output = output,
        MaxIndexRange = golden.MaxIndexRange,
        SubSampleRate = golden.SubSampleRate,
        Seed = golden.Seed,
        Threads = 2,
    };

    private static void AssertSame(InMemoryBatchSource expected, FolderBatchSource actual)
    {
        Assert.Equal(expected.SampleCount, actual.SampleCount);
        using var left = new Batch(CriteoColumns.Dense, CriteoColumns.Categorical);
        using var right = new Batch(CriteoColumns.Dense, CriteoColumns.Categorical);
        for (int index = 0; index < expected.BatchCount; index++)
        {
            expected.Read(index, left);
            actual.Read(index, right);
            Assert.Equal(left.Labels, right.Labels);
            Assert.Equal(left.Dense, right.Dense);
            for (int table = 0; table < left.Tables; table++)
            {
                Assert.Equal(left.Offsets(table), right.Offsets(table));
                Assert.Equal(left.Indices(table), right.Indices(table));
            }
        }
    }

    private static string[] Hashes(string folder)
    {
        DataSetDescription description = DataSetFolder.Describe(folder);
        return
        [
            .. description.Files.Select(file => file.XxHash3), .. description.Sparse.Select(feature => feature.VocabularyHash!),
            .. description.Splits.Select(split => $"{split.Rows} {split.LabelRate}"),
        ];
    }

    private sealed class Stopping(CancellationTokenSource stop, int reports) : IProgress<LoadProgress>
    {
        private int _left = reports;

        public void Report(LoadProgress value)
        {
            if (--_left == 0)
            {
                stop.Cancel();
            }
        }
    }
}
