using Dlrm.Data.Criteo;
using Dlrm.Data.Lines;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Data.Tests.Criteo;

/// <summary>Files: packed or not, whole or not, good lines and bad ones.</summary>
public sealed class CriteoKaggleTests
{
    [Theory]
    [InlineData(TextFormat.GZip)]
    [InlineData(TextFormat.Zstandard)]
    public void A_packed_file_reads_like_a_plain_one_whatever_its_name(TextFormat format)
    {
        using var folder = new TemporaryFolder();
        byte[] half = GoldenCase.Text[..370_000];
        byte[] rest = GoldenCase.Text[370_000..];
        byte[] packed = format == TextFormat.GZip
            ? [.. TemporaryFolder.GZip(half), .. TemporaryFolder.GZip(rest)]
            : [.. TemporaryFolder.Zstandard(half), .. TemporaryFolder.Zstandard(rest)];
        using CriteoDataSet plain = Load(folder.Write("plain.txt", GoldenCase.Text));
        using CriteoDataSet data = Load(folder.Write("packed.txt", packed));
        Assert.Equal(format, data.Report.Format);
        AssertSameRows(plain.Rows, data.Rows);
        Assert.Equal(3000, data.Report.RowsRead);
        Assert.Equal([429, 429, 429, 429, 428, 428, 428], data.Report.DayRows);
    }

    [Theory]
    [InlineData(true, 5)]
    [InlineData(true, 5000)]
    [InlineData(true, 150_000)]
    [InlineData(true, -1)]
    [InlineData(true, -8)]
    [InlineData(true, -9)]
    [InlineData(false, 6)]
    [InlineData(false, 150_000)]
    [InlineData(false, -1)]
    public void A_truncated_packed_file_is_an_error_or_is_read_up_to_the_break(bool gzip, int cut)
    {
        using var folder = new TemporaryFolder();
        byte[] packed = gzip ? TemporaryFolder.GZip(GoldenCase.Text) : TemporaryFolder.Zstandard(GoldenCase.Text);
        string path = folder.Write("train.txt.gz", packed.AsSpan(0, cut < 0 ? packed.Length + cut : cut));
        BadDataException exception = Assert.Throws<BadDataException>(() => Load(path));
        Assert.Equal(BadLineReason.Truncated, exception.Reason);
        Assert.Contains("breaks off", exception.Message, StringComparison.Ordinal);

        if (Math.Abs(cut) < 1000 && cut > 0)
        {
            Assert.Throws<BadDataException>(() => Load(path, OnBadLine.Skip));
            return;
        }

        using CriteoDataSet data = Load(path, OnBadLine.Skip);
        using CriteoDataSet whole = Load(folder.Write("whole.txt", GoldenCase.Text));
        Assert.Equal(1, data.Report.SkippedLines[BadLineReason.Truncated]);
        Assert.Equal(exception.Line - 1, data.Report.RowsRead);
        for (int row = 0; row < data.Rows.Rows; row++)
        {
            Assert.Equal(whole.Rows.Row(row), data.Rows.Row(row));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_packed_file_is_an_error_even_when_bad_lines_are_skipped(bool gzip)
    {
        using var folder = new TemporaryFolder();
        byte[] packed = gzip
            ? TemporaryFolder.GZip(GoldenCase.Text)
            : [.. TemporaryFolder.Zstandard(GoldenCase.Text), .. "other bytes"u8];
        packed[^6] ^= 1;
        BadDataException exception = Assert.Throws<BadDataException>(() => Load(folder.Write("train.txt", packed), OnBadLine.Skip));
        Assert.Equal(BadLineReason.File, exception.Reason);
        Assert.Contains("damaged", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Damage_in_a_packed_file_ends_in_an_error_of_ours_or_in_none(bool gzip)
    {
        using var folder = new TemporaryFolder();
        byte[] text = System.Text.Encoding.Latin1.GetBytes(CriteoLines.Text(200));
        byte[] packed = gzip ? TemporaryFolder.GZip(text) : TemporaryFolder.Zstandard(text);
        using CriteoDataSet whole = Load(folder.Write("whole.txt", packed));
        var random = new System.Random(1);
        for (int trial = 0; trial < 60; trial++)
        {
            byte[] damaged = [.. packed];
            damaged[random.Next(4, damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                using CriteoDataSet data = Load(folder.Write("damaged.txt", damaged));

                // gzip has a checksum, so what was accepted is what was packed (flags and times of its header may differ).
                if (gzip)
                {
                    AssertSameRows(whole.Rows, data.Rows);
                }
            }
            catch (BadDataException)
            {
                // As it should be.
            }
        }
    }

    [Fact]
    public void Bytes_after_a_gzip_stream_are_not_overlooked()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("train.txt", [.. TemporaryFolder.GZip(GoldenCase.Text), .. "more rows"u8]);
        Assert.Equal(BadLineReason.Truncated, Assert.Throws<BadDataException>(() => Load(path)).Reason);
    }

    [Theory]
    [InlineData("PK\u0003\u0004", "zip")]
    [InlineData("BZh9", "bzip2")]
    [InlineData("\u00fd7zXZ", "xz")]
    [InlineData("PAR1", "Parquet")]
    [InlineData("\u00ff\u00fe1\0", "UTF-16")]
    [InlineData("\u00ef\u00bb\u00bf1", "byte order mark")]
    public void Another_format_is_named(string head, string name)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("train.txt", head + new string('x', 100));
        Assert.Contains(name, Assert.Throws<BadDataException>(() => Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_or_empty_file_or_a_folder_is_an_error()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no such file", Assert.Throws<FileNotFoundException>(() => Load(folder["none.txt"])).Message, StringComparison.Ordinal);
        Assert.Contains("is empty", Assert.Throws<BadDataException>(() => Load(folder.Write("empty.txt", ""))).Message, StringComparison.Ordinal);
        Assert.Contains("folder", Assert.Throws<BadDataException>(() => Load(folder["."])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_line_needs_no_line_end_but_the_report_tells()
    {
        using var folder = new TemporaryFolder();
        using CriteoDataSet ended = Load(folder.Write("a.txt", CriteoLines.Text(10)));
        using CriteoDataSet unended = Load(folder.Write("b.txt", CriteoLines.Text(10).TrimEnd('\n')));
        AssertSameRows(ended.Rows, unended.Rows);
        Assert.Equal((false, true), (ended.Report.LastLineUnended, unended.Report.LastLineUnended));
        Assert.Empty(ended.Report.Messages);
        Assert.Contains("no line end", Assert.Single(unended.Report.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_line_at_the_end_is_a_bad_line()
    {
        using var folder = new TemporaryFolder();
        BadDataException exception = Assert.Throws<BadDataException>(() => Load(folder.Write("a.txt", CriteoLines.Text(10) + "\n")));
        Assert.Equal((BadLineReason.EmptyLine, 11), (exception.Reason, exception.Line));
    }

    [Fact]
    public void Windows_line_ends_get_their_fix()
    {
        using var folder = new TemporaryFolder();
        string text = CriteoLines.Text(10).Replace("\n", "\r\n", StringComparison.Ordinal);
        BadDataException exception = Assert.Throws<BadDataException>(() => Load(folder.Write("a.txt", text)));
        Assert.Equal(BadLineReason.CarriageReturn, exception.Reason);
        Assert.Contains("tr -d", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_rows_than_days_are_an_error()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("6 rows", Assert.Throws<BadDataException>(() => Load(folder.Write("a.txt", CriteoLines.Text(6)))).Message, StringComparison.Ordinal);
        Load(folder.Write("b.txt", CriteoLines.Text(7))).Dispose();
    }

    [Fact]
    public void Skipped_lines_are_counted_by_reason_and_the_first_are_described()
    {
        using var folder = new TemporaryFolder();
        string text = CriteoLines.Text(20)
            + "\n"
            + CriteoLines.TextWith(8, 3, 5, "x")
            + "too\tfew\n"
            + new string('z', 700_000) + "\n"
            + CriteoLines.TextWith(8, 3, 6, "y")
            + "\n\n"
            + CriteoLines.Text(3);
        using CriteoDataSet data = Load(folder.Write("a.txt", text), OnBadLine.Skip);
        Assert.Equal(20 + 7 + 7 + 3, data.Report.RowsRead);
        Assert.Equal(
            new Dictionary<BadLineReason, long>
            {
                [BadLineReason.EmptyLine] = 3,
                [BadLineReason.FieldCount] = 1,
                [BadLineReason.NotANumber] = 2,
                [BadLineReason.LineTooLong] = 1,
            },
            data.Report.SkippedLines.ToDictionary());
        Assert.Equal(7, data.Report.SkippedTotal);
        Assert.Equal(
            ["line 21: '' is an empty line.", "line 25, column 6 (I5): 'x' is not a whole number."],
            data.Report.SkippedExamples.Take(2));
        Assert.Equal(5, data.Report.SkippedExamples.Count);
        Assert.StartsWith("line 31: 'zzz", data.Report.SkippedExamples[3], StringComparison.Ordinal);
        Assert.Contains("7 bad lines", Assert.Single(data.Report.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public void An_endless_line_ends_the_file()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.txt", CriteoLines.Text(9) + new string('z', 600_000));
        BadDataException exception = Assert.Throws<BadDataException>(() => Load(path));
        Assert.Equal((BadLineReason.LineTooLong, 10), (exception.Reason, exception.Line));
        using CriteoDataSet data = Load(path, OnBadLine.Skip);
        Assert.Equal(9, data.Report.RowsRead);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same()
    {
        using var folder = new TemporaryFolder();
        byte[] text = [.. GoldenCase.Text, .. "bad\n"u8, .. GoldenCase.Text, .. "\nworse\n"u8, .. GoldenCase.Text];
        string path = folder.Write("a.txt", text);
        using CriteoDataSet one = LoadOn(1);
        Assert.Equal(9000, one.Report.RowsRead);
        foreach (int threads in new[] { 2, 3, 7 })
        {
            using CriteoDataSet several = LoadOn(threads);
            AssertSameRows(one.Rows, several.Rows);
            Assert.Equal(one.Report.SkippedExamples, several.Report.SkippedExamples);
            Assert.Equal(one.Report.DayRows, several.Report.DayRows);
        }

        CriteoDataSet LoadOn(int threads) => CriteoKaggle.Load(
            new CriteoKaggleOptions
            {
                RawDataFile = path,
                UseCache = false,
                OnBadLine = OnBadLine.Skip,
                SubSampleRate = 0.4,
                Threads = threads,
            },
            new NumpyRandom(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void The_first_bad_line_of_the_file_is_the_one_reported(int threads)
    {
        using var folder = new TemporaryFolder();
        byte[] text = [.. GoldenCase.Text, .. "first\n"u8, .. GoldenCase.Text, .. "second\n"u8];
        string path = folder.Write("a.txt", text);
        BadDataException exception = Assert.Throws<BadDataException>(() => CriteoKaggle.Load(
            new CriteoKaggleOptions { RawDataFile = path, UseCache = false, Threads = threads }, new NumpyRandom(1)));
        Assert.Equal((3001, "first"), (exception.Line, exception.Text));
    }

    [Fact]
    public void Sub_sampling_away_a_whole_part_is_an_error()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.txt", CriteoLines.TextWith(7, 6, 0, "0"));
        BadDataException exception = Assert.Throws<BadDataException>(
            () => CriteoKaggle.Load(new CriteoKaggleOptions { RawDataFile = path, SubSampleRate = 1 }, new NumpyRandom(1)));
        Assert.Contains("--data-sub-sample-rate", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stopped_load_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.txt", GoldenCase.Text);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(
            () => CriteoKaggle.Load(new CriteoKaggleOptions { RawDataFile = path }, new NumpyRandom(1), null, stop.Token));
        Assert.Equal(["a.txt"], folder.Files);
    }

    [Fact]
    public void Wrong_options_are_refused()
    {
        var good = new CriteoKaggleOptions { RawDataFile = "x" };
        Assert.Throws<ArgumentException>(() => (good with { RawDataFile = "" }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { SubSampleRate = 1.5 }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { SubSampleRate = double.NaN }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { BatchSize = 0 }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { Days = 1 }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { RawDataFile = "x.dlrm", ProcessedDataFile = "x.dlrm" }).Validate());
        good.Validate();
    }

    [Fact]
    public void Vocabularies_hold_the_hashes_by_index()
    {
        using var folder = new TemporaryFolder();
        using CriteoDataSet data = Load(folder.Write("a.txt", CriteoLines.Text(40)));
        for (int row = 0; row < 40; row++)
        {
            string[] fields = CriteoLines.Fields(row);
            for (int column = 0; column < 26; column++)
            {
                string field = fields[14 + column];
                uint hash = field.Length == 0 ? 0 : Convert.ToUInt32(field, 16);
                Assert.Equal(hash, data.Vocabulary(column)[data.Rows.Indices(row)[column]]);
            }
        }
    }

    [Fact]
    public void Negative_numbers_count_as_nought()
    {
        using var folder = new TemporaryFolder();
        using CriteoDataSet data = Load(folder.Write("a.txt", CriteoLines.TextWith(7, 2, 2, "-2")));
        Assert.Equal(0f, data.Rows.Dense(2)[1]);
    }

    private static CriteoDataSet Load(string path, OnBadLine onBadLine = OnBadLine.Error) => CriteoKaggle.Load(
        new CriteoKaggleOptions { RawDataFile = path, OnBadLine = onBadLine, UseCache = false }, new NumpyRandom(1));

    private static void AssertSameRows(TabularDataSet expected, TabularDataSet actual)
    {
        Assert.Equal(expected.TableRows, actual.TableRows);
        Assert.Equal(expected.Rows, actual.Rows);
        for (int row = 0; row < expected.Rows; row++)
        {
            Assert.Equal(expected.Row(row), actual.Row(row));
        }
    }
}
