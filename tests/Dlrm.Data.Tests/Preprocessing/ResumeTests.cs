using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Xunit;

namespace Dlrm.Data.Tests.Preprocessing;

/// <summary>A run that is stopped goes on from its last finished piece, to the bytes of one that was not.</summary>
public sealed class ResumeTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(1 << 20, false)]
    [InlineData(0, true)]
    public void A_stopped_run_goes_on_to_the_same_bytes(long memoryLimit, bool packed)
    {
        using var folder = new TemporaryFolder();
        byte[] first = System.Text.Encoding.UTF8.GetBytes(Text(40_000, seed: 1));
        byte[] second = System.Text.Encoding.UTF8.GetBytes(Text(40_000, seed: 2));
        var options = new PreprocessOptions
        {
            Inputs =
            [
                folder.Write("a_1.csv", packed ? TemporaryFolder.GZip(first) : first),
                folder.Write("a_2.csv", packed ? TemporaryFolder.Zstandard(second) : second),
            ],
            Output = folder["whole"],
            Schema = new DataSchema
            {
                Label = "click",
                Dense = [new DenseColumn { Column = "price", Scale = DenseScale.Standardize }],
                Sparse =
                [
                    new SparseColumn { Column = "user", MinFrequency = 2 }, new SparseColumn { Column = "tags", Separator = "|" },
                    new SparseColumn { Column = "page", Hash = 17 },
                ],
                Group = "user",
            },
            OnBadLine = OnBadLine.Skip,
            Threads = 1,
            PieceBytes = 300_000,
            MemoryLimit = memoryLimit,
        };
        Preprocessor.Run(options);

        for (int attempt = 0, stopped = 0; stopped < 4; attempt++)
        {
            using var stop = new CancellationTokenSource();
            int reports = 0;
            var after = new Callback(() =>
            {
                if (++reports == 3 + (attempt % 2))
                {
                    stop.Cancel();
                }
            });
            Assert.Throws<OperationCanceledException>(() => Preprocessor.Run(options with { Output = folder["cut"] }, after, stop.Token));
            stopped++;
            Assert.False(Directory.Exists(folder["cut"]));
        }

        File.WriteAllText(Path.Combine(folder["cut.partial"], "spool-00099.bin"), "a file that the journal has not heard of");
        PreprocessReport report = Preprocessor.Run(options with { Output = folder["cut"], Threads = 3 });

        Assert.Contains(report.Messages, message => message.Contains("an earlier process was stopped after", StringComparison.Ordinal));
        Assert.Equal(Files(folder["whole"]), Files(folder["cut"]));
        Assert.Equal(6, report.Description.Skipped["label"]);
        Assert.Equal(2, report.Description.Skipped["line_too_long"]);
    }

    [Fact]
    public void What_was_left_of_other_settings_or_of_another_source_is_not_gone_on_with()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.csv", Text(30_000, seed: 1));
        var options = new PreprocessOptions
        {
            Inputs = [file],
            Output = folder["out"],
            Schema = new DataSchema { Label = "click", Sparse = [new SparseColumn { Column = "user" }] },
            OnBadLine = OnBadLine.Skip,
            Threads = 1,
            PieceBytes = 50_000,
        };
        void Stop()
        {
            using var stop = new CancellationTokenSource();
            int reports = 0;
            Assert.Throws<OperationCanceledException>(
                () => Preprocessor.Run(options, new Callback(() => Cancel(stop, ++reports)), stop.Token));
            Assert.True(File.Exists(Path.Combine(folder["out.partial"], JournalFile.Name)));
        }

        Stop();
        PreprocessReport other = Preprocessor.Run(options with { Split = "fraction:0.5" });
        Assert.DoesNotContain(other.Messages, message => message.Contains("earlier process", StringComparison.Ordinal));
        Directory.Delete(folder["out"], recursive: true);
        Stop();
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        Assert.DoesNotContain(Preprocessor.Run(options).Messages, message => message.Contains("earlier process", StringComparison.Ordinal));

        static void Cancel(CancellationTokenSource stop, int reports)
        {
            if (reports == 3)
            {
                stop.Cancel();
            }
        }
    }

    private static string[] Files(string folder)
    {
        DataSetDescription description = DataSetFolder.Describe(folder);
        return
        [
            .. description.Files.Select(file => file.Name + file.XxHash3), .. description.Sparse.Select(feature => feature.VocabularyHash ?? ""),
            .. description.Sources.Select(source => $"{Path.GetFileName(source.Path)} {source.Rows} {source.XxHash3}"),
            File.ReadAllText(Path.Combine(folder, "report.json")), File.ReadAllText(Path.Combine(folder, "rejects.jsonl")),
            .. Directory.GetFiles(folder).Select(Path.GetFileName).Order()!,
        ];
    }

    /// <summary>Rows of about 30 bytes, a bad one and one that is longer than a block of text among them.</summary>
    private static string Text(int rows, int seed)
    {
        var text = new System.Text.StringBuilder("click,price,user,tags,page\n");
        var random = new System.Random(seed);
        for (int row = 0; row < rows; row++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{row % 2},{random.Next(500)},user {random.Next(20_000)},t{random.Next(9)}|t{random.Next(9000)},{row % 77}\n");
            if (row % 15_000 == 7)
            {
                text.Append("x,1,u,t,p\n");
            }

            if (row == 20_000)
            {
                text.Append('a', 700_000).Append('\n');
            }
        }

        return text.ToString();
    }

    private sealed class Callback(Action action) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => action();
    }
}
