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

    /// <summary>At each report the folder in the making is copied: what a process that is killed there leaves.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1 << 20)]
    public void A_run_killed_while_it_writes_the_data_set_keeps_the_files_that_are_finished(long memoryLimit)
    {
        using var folder = new TemporaryFolder();
        var options = new PreprocessOptions
        {
            Inputs = [folder.Write("a.csv", Text(60_000, seed: 1))],
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
            },
            Split = "hash:user:0.7,0.2",
            OnBadLine = OnBadLine.Skip,
            Threads = 1,
            PieceBytes = 300_000,
            FileBytes = 200_000,
            BatchRows = 1000,
            MemoryLimit = memoryLimit,
        };
        int reports = 0;
        int moments = 0;
        var copy = new Callback(() =>
        {
            if (Written(folder["whole.partial"]).Length > 0 && reports++ % 2 == 0)
            {
                CopyFolder(folder["whole.partial"], folder[$"cut{moments++}.partial"]);
            }
        });
        Preprocessor.Run(options, copy);
        string[] expected = Files(folder["whole"]);
        Assert.True(DataSetFolder.Describe(folder["whole"]).Files.Count >= 6);

        Assert.InRange(moments, 2, 6);
        int most = 0;
        for (int moment = 0; moment < moments; moment++)
        {
            string[] before = Written(folder[$"cut{moment}.partial"]);
            DateTime[] times = [.. before.Select(File.GetLastWriteTimeUtc)];
            Preprocessor.Run(options with { Output = folder[$"cut{moment}"], Threads = 1 + (moment % 3) });
            Assert.Equal(expected, Files(folder[$"cut{moment}"]));

            // What the journal had is not written again; the last file may have been unfinished.
            int kept = before.Select((file, index) => File.GetLastWriteTimeUtc(Moved(file, moment)) == times[index]).Count(same => same);
            Assert.True(kept >= before.Length - 3, $"{kept} of {before.Length}");
            most = Math.Max(most, kept);
        }

        Assert.True(most >= 3, $"{most} files were kept at most.");
        string Moved(string file, int moment) => Path.Combine(folder[$"cut{moment}"], Path.GetFileName(file));
    }

    [Fact]
    public void A_run_killed_at_its_very_end_is_only_finished()
    {
        using var folder = new TemporaryFolder();
        var options = new PreprocessOptions
        {
            Inputs = [folder.Write("a.csv", Text(3000, seed: 1))],
            Output = folder["out"],
            Schema = new DataSchema { Label = "click", Sparse = [new SparseColumn { Column = "user" }] },
            OnBadLine = OnBadLine.Skip,
        };
        Preprocessor.Run(options);
        string[] expected = Files(folder["out"]);

        // Killed when dataset.json was there, before the rename; and between the two renames of a folder that is replaced.
        Directory.Move(folder["out"], folder["out.partial"]);
        File.WriteAllText(folder["out.partial/spool-00000.bin"], "left over");
        Assert.True(Preprocessor.Run(options).WasThere);
        Assert.Equal(expected, Files(folder["out"]));
        Directory.Move(folder["out"], folder["out.replaced"]);
        Assert.True(Preprocessor.Run(options).WasThere);
        Assert.Equal(expected, Files(folder["out"]));
        Assert.False(Directory.Exists(folder["out.replaced"]));

        // What is damaged is made again.
        Directory.Move(folder["out"], folder["out.partial"]);
        using (var stream = new FileStream(folder["out.partial/train-00000.arrow"], FileMode.Open))
        {
            stream.Position = stream.Length / 2;
            stream.WriteByte(99);
        }

        Assert.False(Preprocessor.Run(options).WasThere);
        Assert.Equal(expected, Files(folder["out"]));
    }

    [Fact]
    public void Two_processes_do_not_make_one_folder()
    {
        using var folder = new TemporaryFolder();
        var options = new PreprocessOptions
        {
            Inputs = [folder.Write("a.csv", Text(3000, seed: 1))],
            Output = folder["out"],
            Schema = new DataSchema { Label = "click", Sparse = [new SparseColumn { Column = "user" }] },
            OnBadLine = OnBadLine.Skip,
        };
        IOException? refused = null;
        Preprocessor.Run(options, new Callback(() => refused ??= Assert.ThrowsAny<IOException>(() => Preprocessor.Run(options))));
        Assert.Contains("another process is making this data set", refused?.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["out.lock"]));
        Assert.True(Preprocessor.Run(options).WasThere);
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

    private static string[] Written(string folder) =>
        Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "t*.arrow"), .. Directory.GetFiles(folder, "validation*.arrow")] : [];

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            string copy = Path.Combine(to, Path.GetFileName(file));
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using (FileStream target = File.Create(copy))
            {
                source.CopyTo(target);
            }

            File.SetLastWriteTimeUtc(copy, File.GetLastWriteTimeUtc(file));
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
