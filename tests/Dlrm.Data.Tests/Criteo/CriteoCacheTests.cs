using Dlrm.Data.Criteo;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Data.Tests.Criteo;

/// <summary>The cache is used when all matches, and never trusted otherwise.</summary>
public sealed class CriteoCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CriteoKaggleOptions _options;

    public CriteoCacheTests() => _options = new CriteoKaggleOptions
    {
        RawDataFile = _folder.Write("train.txt", CriteoLines.Text(300)),
        BatchSize = 16,
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Is_made_beside_the_raw_file_and_used_the_next_time()
    {
        Assert.False(Load(_options).FromCache);
        Assert.Equal(["train.txt", "train.txt.dlrm"], _folder.Files);
        CriteoReadReport report = Load(_options);
        Assert.True(report.FromCache);
        Assert.Empty(report.Messages);
    }

    [Theory]
    [InlineData("processed.npz", "processed.dlrm")]
    [InlineData("processed", "processed.dlrm")]
    [InlineData("processed.dlrm", "processed.dlrm")]
    public void Is_made_beside_the_processed_file(string name, string expected)
    {
        Load(_options with { ProcessedDataFile = _folder[name] });
        Assert.Contains(expected, _folder.Files);
        Assert.True(Load(_options with { ProcessedDataFile = _folder[name] }).FromCache);
    }

    [Fact]
    public void Serves_other_orders_batch_sizes_and_seeds()
    {
        Load(_options);
        Assert.True(Load(_options with { Randomize = CriteoRandomize.Day, BatchSize = 5, OnBadLine = OnBadLine.Skip }, seed: 9).FromCache);
    }

    [Fact]
    public void Other_settings_are_named_and_the_rows_read_again()
    {
        Load(_options);
        AssertMadeAnew(_options with { MaxIndexRange = 3 }, "--max-ind-range=-1, not 3");
        AssertMadeAnew(_options, "--max-ind-range=3, not -1");
        AssertMadeAnew(_options with { SubSampleRate = 0.5 }, "--data-sub-sample-rate=0, not 0.5");
        AssertMadeAnew(_options with { SubSampleRate = 0.5 }, "another seed", seed: 2);
        AssertMadeAnew(_options with { Days = 5 }, "7 days, not 5");
    }

    [Fact]
    public void Sub_sampled_rows_and_later_draws_are_the_same_from_the_cache()
    {
        CriteoKaggleOptions options = _options with { SubSampleRate = 0.3 };
        var first = new NumpyRandom(4);
        var second = new NumpyRandom(4);
        using CriteoDataSet parsed = CriteoKaggle.Load(options, first);
        using CriteoDataSet cached = CriteoKaggle.Load(options, second);
        Assert.True(cached.Report.FromCache);
        Assert.Equal(first.NextDouble(), second.NextDouble());
        AssertSame(parsed, cached);

        // A cache that turns out useless after the draws were made must not change what is drawn.
        Damage("train.txt.dlrm", 500);
        var third = new NumpyRandom(4);
        using CriteoDataSet again = CriteoKaggle.Load(options, third);
        Assert.False(again.Report.FromCache);
        Assert.Equal(first.NextDouble(), Skip(third).NextDouble());
        AssertSame(parsed, again);

        static NumpyRandom Skip(NumpyRandom random)
        {
            random.NextDouble();
            return random;
        }
    }

    [Fact]
    public void A_changed_raw_file_is_noticed()
    {
        Load(_options);
        byte[] text = File.ReadAllBytes(_options.RawDataFile);
        File.WriteAllBytes(_options.RawDataFile, [.. text, .. System.Text.Encoding.Latin1.GetBytes(CriteoLines.Line(1))]);
        AssertMadeAnew(_options, "bytes");
        text = File.ReadAllBytes(_options.RawDataFile);
        text[0] ^= 1;
        File.WriteAllBytes(_options.RawDataFile, text);
        AssertMadeAnew(_options, "other contents");
        Assert.True(Load(_options).FromCache);
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_noticed()
    {
        using CriteoDataSet expected = CriteoKaggle.Load(_options, new NumpyRandom(1));
        byte[] whole = File.ReadAllBytes(_folder["train.txt.dlrm"]);
        for (int position = 0; position < whole.Length; position += position < 64 ? 3 : position > whole.Length - 200 ? 7 : 1237)
        {
            _folder.Write("train.txt.dlrm", whole);
            Damage("train.txt.dlrm", position);
            using CriteoDataSet actual = CriteoKaggle.Load(_options, new NumpyRandom(1));
            Assert.False(actual.Report.FromCache, $"byte {position}");
            Assert.Contains("made anew", Assert.Single(actual.Report.Messages), StringComparison.Ordinal);
            AssertSame(expected, actual);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(64)]
    [InlineData(1000)]
    public void A_cut_off_cache_is_noticed(int length)
    {
        Load(_options);
        byte[] whole = File.ReadAllBytes(_folder["train.txt.dlrm"]);
        _folder.Write("train.txt.dlrm", whole.AsSpan(0, length));
        AssertMadeAnew(_options, "cannot be used");
    }

    [Fact]
    public void Skipped_lines_are_reported_from_the_cache_too_and_are_errors_where_they_must_not_be_skipped()
    {
        CriteoKaggleOptions skip = _options with { OnBadLine = OnBadLine.Skip };
        _folder.Write("train.txt", CriteoLines.Text(50) + "bad\n");
        CriteoReadReport parsed = Load(skip);
        CriteoReadReport cached = Load(skip);
        Assert.True(cached.FromCache);
        Assert.Equal(parsed.SkippedLines.ToDictionary(), cached.SkippedLines.ToDictionary());
        Assert.Equal(parsed.SkippedExamples, cached.SkippedExamples);
        Assert.Throws<BadDataException>(() => Load(_options));
    }

    [Fact]
    public void A_file_of_the_reference_is_not_touched()
    {
        string npz = _folder.Write("processed.npz", "PK\u0003\u0004 something");
        CriteoReadReport report = Load(_options with { ProcessedDataFile = npz });
        Assert.Contains("preprocess", Assert.Single(report.Messages), StringComparison.Ordinal);
        Assert.Equal("PK\u0003\u0004 something", File.ReadAllText(npz));
        Assert.Throws<FileNotFoundException>(
            () => Load(_options with { ProcessedDataFile = npz, RawDataFile = _folder["none.txt"] }));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_to_costs_a_message_only()
    {
        CriteoReadReport report = Load(_options with { ProcessedDataFile = _folder["no/such/folder/processed"] });
        Assert.Equal(300, report.RowsRead);
        Assert.Contains("cannot be kept", Assert.Single(report.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_written_when_it_is_not_wanted_or_the_text_is_bad()
    {
        Load(_options with { UseCache = false });
        _folder.Write("train.txt", CriteoLines.Text(50) + "bad\n");
        Assert.Throws<BadDataException>(() => Load(_options));
        Assert.Equal(["train.txt"], _folder.Files);
    }

    private static CriteoReadReport Load(CriteoKaggleOptions options, long seed = 1)
    {
        using CriteoDataSet data = CriteoKaggle.Load(options, new NumpyRandom(seed));
        return data.Report;
    }

    private static void AssertMadeAnew(CriteoKaggleOptions options, string reason, long seed = 1)
    {
        CriteoReadReport report = Load(options, seed);
        Assert.False(report.FromCache);
        Assert.Contains(reason, Assert.Single(report.Messages), StringComparison.Ordinal);
        Assert.True(Load(options, seed).FromCache);
    }

    private static void AssertSame(CriteoDataSet expected, CriteoDataSet actual)
    {
        Assert.Equal(expected.TableRows, actual.TableRows);
        Assert.Equal(expected.Rows.Rows, actual.Rows.Rows);
        for (int row = 0; row < expected.Rows.Rows; row++)
        {
            Assert.Equal(expected.Rows.Row(row), actual.Rows.Row(row));
        }

        for (int column = 0; column < 26; column++)
        {
            Assert.Equal(expected.Vocabulary(column), actual.Vocabulary(column));
        }
    }

    private void Damage(string name, int position)
    {
        byte[] bytes = File.ReadAllBytes(_folder[name]);
        bytes[position] ^= 0x10;
        _folder.Write(name, bytes);
    }
}
