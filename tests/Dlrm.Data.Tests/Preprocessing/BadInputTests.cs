using System.Text;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Xunit;

namespace Dlrm.Data.Tests.Preprocessing;

/// <summary>Files that are not what they seem: a clear error, nothing left behind, the data set that was there untouched.</summary>
public sealed class BadInputTests
{
    private static readonly DataSchema Schema = new()
    {
        Label = "click",
        Dense = [new DenseColumn { Column = "price" }],
        Sparse = [new SparseColumn { Column = "site" }, new SparseColumn { Column = "ad", Type = SparseType.Integer }],
    };

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("click,price,site,ad\n", "no row is left")]
    [InlineData("click,price,site,ad", "has one line at most")]
    [InlineData("click,price,site\n1,2,a\n", "has no column 'ad'; its columns are click, price, site")]
    [InlineData("click,price,site,ad,ad\n1,2,a,1,2\n", "has 2 columns 'ad'")]
    [InlineData("click,price,site,ad\n1,2,a,9223372036854775808\n", "line 2, column 4 (ad): '9223372036854775808' is not a whole number of 64 bits")]
    [InlineData("click,price,site,ad\n1,2,a,-9223372036854775809\n", "is not a whole number of 64 bits")]
    [InlineData("click,price,site,ad\n1,2,a,12.5\n", "'12.5' is not a whole number")]
    [InlineData("click,price,site,ad\n99999999999999999999,2,a,1\n", "is not a label")]
    [InlineData("click,price,site,ad\n1,2,a\0b,1\n", "line 2")]
    [InlineData("click,price,site,ad\r\n1,2,a,1\n", "line 2: '1,2,a,1' ends with LF, the first row of the file with CR LF")]
    public void A_file_that_cannot_be_read_is_told(string text, string message)
    {
        using var folder = new TemporaryFolder();
        string good = folder.Write("good.csv", "click,price,site,ad\n1,2,a,1\n0,3,b,2\n");
        Make(folder, good, "none");
        string[] before = [.. Directory.GetFiles(folder["out"]).Select(File.ReadAllText)];
        string file = folder.Write("a.csv", text);

        var exception = Assert.Throws<BadDataException>(() => Make(folder, file, "none", overwrite: true));
        Assert.Contains("a.csv", exception.Message, StringComparison.Ordinal);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out.partial"]));
        Assert.Equal(before, Directory.GetFiles(folder["out"]).Select(File.ReadAllText));
    }

    [Fact]
    public void A_column_that_changes_type_half_way_is_told_with_its_place()
    {
        using var folder = new TemporaryFolder();
        var text = new StringBuilder("click,price,site,ad\n");
        for (int row = 0; row < 40_000; row++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{row % 2},{(row < 20_000 ? "3" : "'cheap'")},s{row % 9},{row}\n");
        }

        string file = folder.Write("a.csv", text.ToString());
        var exception = Assert.Throws<BadDataException>(() => Make(folder, file, "none"));
        Assert.Contains("line 20002, column 2 (price): ''cheap'' is not a number", exception.Message, StringComparison.Ordinal);

        PreprocessReport report = Preprocessor.Run(Options(folder, file, "none") with { OnBadLine = OnBadLine.Skip });
        Assert.Equal(20_000, report.Description.Rows);
        Assert.Equal(20_000, report.Description.Skipped["not_a_number"]);

        // Only the first of a kind are described; all are counted.
        Assert.Equal(RejectLog.DescribedPerReason, File.ReadLines(Path.Combine(folder["out"], "rejects.jsonl")).Count());
    }

    [Fact]
    public void Line_ends_and_separators_in_quotes_belong_to_the_field()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.csv", "click,price,site,ad\r\n1,2,\"a\r\nb,\"\"c\"\"\r\n\",1\r\n0,3,d,\"2\"\r\nx,3,d,2\r\n");
        PreprocessReport report = Preprocessor.Run(Options(folder, file, "none") with { OnBadLine = OnBadLine.Skip });

        using var set = DataSetFolder.Open(folder["out"]);
        Assert.Equal(["1", "2", "a\r\nb,\"c\"\r\n", "1"], new RowDecoder(set).Read("train", 2).First());
        Assert.Equal(2, report.Description.Rows);

        // The header is line 1, the first row lines 2 to 4.
        Assert.Contains("\"line\":6", File.ReadAllText(Path.Combine(folder["out"], "rejects.jsonl")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void A_file_that_changes_while_it_is_read_is_told(bool grows, bool criteo)
    {
        using var folder = new TemporaryFolder();
        string line = criteo ? "1" + new string('\t', 39) + "\n" : "1,2,a,1\n";
        string file = folder.Write("a.csv", (criteo ? "" : "click,price,site,ad\n") + string.Concat(Enumerable.Repeat(line, 4_000_000 / line.Length)));
        bool changed = false;
        var change = new Callback(() =>
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            stream.SetLength(grows ? stream.Length + (changed ? 0 : 8) : stream.Length / 2);
            changed = true;
        });
        var exception = Assert.Throws<BadDataException>(() =>
        {
            if (criteo)
            {
                CriteoPreprocessor.Run(new CriteoPreprocessOptions { Inputs = [file], Output = folder["out"], Threads = 1, OnBadLine = OnBadLine.Skip }, change);
            }
            else
            {
                Preprocessor.Run(Options(folder, file, "none") with { Threads = 1, OnBadLine = OnBadLine.Skip }, change);
            }
        });
        Assert.Contains("the file was changed while it was read", exception.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.GetDirectoryName(file)!));
    }

    /// <summary>Cut in the middle, without its last bytes, or with one byte of its checksum changed.</summary>
    [Theory]
    [InlineData(".gz", "half")]
    [InlineData(".gz", "end")]
    [InlineData(".gz", "sum")]
    [InlineData(".zst", "half")]
    [InlineData(".zst", "end")]
    [InlineData(".zst", "sum")]
    public void A_packed_file_that_is_damaged_is_told_and_what_was_there_stays(string packing, string damage)
    {
        using var folder = new TemporaryFolder();
        Make(folder, folder.Write("good.csv", "click,price,site,ad\n1,2,a,1\n0,3,b,2\n"), "none");
        string[] before = [.. Directory.GetFiles(folder["out"]).Order().Select(File.ReadAllText)];
        var random = new System.Random(3);
        byte[] text = Encoding.UTF8.GetBytes("click,price,site,ad\n" + string.Concat(Enumerable.Range(0, 20_000).Select(row => $"{row % 2},{random.Next()},s{random.Next()},{row}\n")));
        byte[] packed = packing == ".gz" ? TemporaryFolder.GZip(text) : TemporaryFolder.Zstandard(text, checksum: true);
        if (damage == "sum")
        {
            packed[packing == ".gz" ? ^6 : ^2] ^= 1;
        }

        string file = folder.Write("a.csv" + packing, damage switch { "half" => packed[..(packed.Length / 2)], "end" => packed[..^3], _ => packed });
        var exception = Assert.Throws<BadDataException>(() => Make(folder, file, "none", overwrite: true));
        Assert.Contains("a.csv" + packing, exception.Message, StringComparison.Ordinal);
        Assert.Equal(["out"], Directory.GetDirectories(Path.GetDirectoryName(file)!).Select(Path.GetFileName));
        Assert.Equal(before, Directory.GetFiles(folder["out"]).Order().Select(File.ReadAllText));
    }

    [Fact]
    public void Files_with_other_columns_are_told_with_both()
    {
        using var folder = new TemporaryFolder();
        folder.Write("p_1.csv", "click,price,site,ad\n1,2,a,1\n");
        folder.Write("p_2.csv", "click,site,price,ad\n1,a,2,1\n");
        var exception = Assert.Throws<BadDataException>(() => Make(folder, folder["p_*"], "none"));
        Assert.Contains("p_2.csv", exception.Message, StringComparison.Ordinal);
        Assert.Contains("the first file has click, price, site, ad", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_may_be_empty_but_for_the_training_part()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.csv", "click,price,site,ad\n1,2,a,1\n0,3,b,2\n");
        PreprocessReport report = Make(folder, file, "time:ad:7,9");
        Assert.Equal([2L, 0, 0], report.Description.Splits.Select(split => split.Rows));
        Assert.Contains(report.Messages, message => message.Contains("leaves no row in the test part", StringComparison.Ordinal));
        using (var set = DataSetFolder.Open(folder["out"], verify: true))
        using (var train = new FolderBatchSource(set, "train", 4))
        {
            Assert.Equal(2, train.SampleCount);
        }

        var exception = Assert.Throws<BadDataException>(() => Make(folder, file, "time:ad:-5", overwrite: true));
        Assert.Contains("leaves no row to train on", exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out.partial"]));
    }

    [Fact]
    public void Names_of_columns_may_have_colons()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.csv", "label:click,at:time,ad:id\n1,2026-01-01T10:00:00,a\n0,2026-01-01T11:00:00,b\n1,2026-01-02T00:00:00,c\n");
        var schema = new DataSchema { Label = "label:click", Sparse = [new SparseColumn { Column = "ad:id" }] };
        long[] Rows(string split) =>
            [.. Preprocessor.Run(new PreprocessOptions { Inputs = [file], Output = folder["out"], Schema = schema, Split = split, Overwrite = true })
                .Description.Splits.Select(part => part.Rows)];

        Assert.Equal([1L, 1, 1], Rows("time:at:time:2026-01-01T10:30:00,2026-01-02T00:00:00"));
        Assert.Equal(3, Rows("hash:ad:id:0.9").Sum());
        Assert.Throws<ArgumentException>(() => Rows("hash:ad:id"));
        Assert.Throws<ArgumentException>(() => Rows("time:at:time:yesterday"));
    }

    [Fact]
    public void Too_little_memory_is_told_before_the_work_begins()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.csv", "click,price,site,ad\n1,2,a,1\n");
        string? told = null;
        Preprocessor.Run(Options(folder, file, "none") with { Announce = text => told = text });
        Assert.Matches("Needs about .* of disk .* are free.* of memory .* are there", told);

        // A file with a hole in it that is as long as the memory.
        using (var big = new FileStream(folder["big.csv"], FileMode.Create))
        {
            big.Write("click,price,site,ad\n1,2,a,1\n"u8);
            big.SetLength(Dlrm.Memory.SystemMemory.AvailableBytes);
        }

        PreprocessOptions options = Options(folder, folder["big.csv"], "none") with { Output = folder["second"], MemoryLimit = long.MaxValue };
        Exception exception = Assert.ThrowsAny<Exception>(() => Preprocessor.Run(options));

        // Where the disk is smaller than that, it is what is told.
        Assert.Matches("--memory-limit|another disk with --output", exception.Message);
        Assert.False(Directory.Exists(folder["second.partial"]));
    }

    private static PreprocessOptions Options(TemporaryFolder folder, string file, string split) =>
        new() { Inputs = [file], Output = folder["out"], Schema = Schema, Split = split };

    private static PreprocessReport Make(TemporaryFolder folder, string file, string split, bool overwrite = false) =>
        Preprocessor.Run(Options(folder, file, split) with { Overwrite = overwrite });

    private sealed class Callback(Action action) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => action();
    }
}
