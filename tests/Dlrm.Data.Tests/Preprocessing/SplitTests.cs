using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Xunit;

namespace Dlrm.Data.Tests.Preprocessing;

/// <summary>How <c>--split</c> divides rows; the label of each row is its number modulo 2, its category its number.</summary>
public sealed class SplitTests
{
    [Theory]
    [InlineData("fraction:0.8,0.1,0.1", "train 8, test 1, validation 1")]
    [InlineData("fraction:0.8,0.1", "train 8, test 1, validation 1")]
    [InlineData("fraction:0.8,0.2", "train 8, test 2")]
    [InlineData("fraction:0.1,0.2,0.7", "train 1, test 2, validation 7")]
    [InlineData("days:3", "train 7, test 2, validation 1")]
    [InlineData("days:7", "train 9, test 1, validation 0")]
    [InlineData("days:2", "train 5, test 3, validation 2")]
    public void Shares_and_equal_days_are_in_file_order(string rule, string parts)
    {
        Assert.Equal(parts, Split(10, rule, row => 0, out int[][] rows));
        Assert.Equal(Enumerable.Range(0, 10), rows.SelectMany(part => part));
    }

    [Theory]
    [InlineData("day:at", 1)]
    [InlineData("day:at:100", 100)]
    public void The_last_day_of_a_column_is_halved_for_test_and_validation(string rule, int factor)
    {
        // Days 0, 1, 2, 0, 1, 2, …: rows 2, 5, 8, 11, 14 are of the last one.
        Assert.Equal("train 10, test 3, validation 2", Split(15, rule, row => (row % 3 * factor) + (factor > 1 ? row : 0), out int[][] rows));
        Assert.Equal([2, 5, 8], rows[1]);
        Assert.Equal([11, 14], rows[2]);
    }

    [Fact]
    public void Dates_are_days_whatever_their_time()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write(
            "a.csv",
            "y,at,c\n" + string.Concat(Enumerable.Range(0, 6).Select(row => $"{row % 2},2026-01-0{1 + (row / 3)}T{10 + row}:30:00,{row}\n")));
        Assert.Equal("train 3, test 2, validation 1", Parts(Make(folder, [file], "day:at")));
    }

    [Fact]
    public void Many_blocks_and_any_number_of_threads_divide_alike()
    {
        string one = Split(200_000, "day:at", row => row * 7 % 11, out int[][] rows, threads: 1);
        Assert.Equal(one, Split(200_000, "day:at", row => row * 7 % 11, out int[][] others, threads: 3));
        Assert.Equal(rows, others);
        int[] last = [.. Enumerable.Range(0, 200_000).Where(row => row * 7 % 11 == 10)];
        Assert.Equal(last[..((last.Length + 1) / 2)], rows[1]);
        Assert.Equal(last[((last.Length + 1) / 2)..], rows[2]);
    }

    [Fact]
    public void Files_may_make_any_parts()
    {
        using var folder = new TemporaryFolder();
        for (int day = 1; day <= 4; day++)
        {
            folder.Write($"day_{day}.csv", "y,c\n" + string.Concat(Enumerable.Repeat($"1,{day}\n0,{day}\n", day)));
        }

        PreprocessReport report = Make(folder, [folder["day_*"]], "file:day3=day_3*,day4=day_4*");
        Assert.Equal("train 6, day3 6, day4 8", Parts(report));
        Assert.Equal(["train-00000.arrow", "day3-00000.arrow", "day4-00000.arrow"], report.Description.Files.Select(file => file.Name));
        using var set = DataSetFolder.Open(folder["out"], verify: true);
        Assert.All(Rows(set, set.Split("day4")), category => Assert.Equal(4, category));
    }

    [Theory]
    [InlineData("fraction:0.8,0.1,0.2")]
    [InlineData("fraction:0.5,0.2,0.2,0.1")]
    [InlineData("days:1")]
    [InlineData("days:x")]
    [InlineData("day:")]
    [InlineData("file:train=a*")]
    [InlineData("file:../x=a*")]
    [InlineData("file:test")]
    public void What_is_no_rule_is_refused(string rule) =>
        Assert.Contains($"--split={rule}: expected", Assert.Throws<ArgumentException>(() => SplitRule.Parse(rule)).Message, StringComparison.Ordinal);

    private static string Parts(PreprocessReport report) =>
        string.Join(", ", report.Description.Splits.Select(split => $"{split.Name} {split.Rows}"));

    private static PreprocessReport Make(TemporaryFolder folder, string[] inputs, string split, int threads = 1) => Preprocessor.Run(new PreprocessOptions
    {
        Inputs = inputs,
        Output = folder["out"],
        Schema = new DataSchema { Label = "y", Sparse = [new SparseColumn { Column = "c", Hash = 1 << 30, Type = SparseType.Integer }] },
        Split = split,
        Threads = threads,
    });

    /// <summary>Makes rows 0, 1, … and gives the parts' sizes and rows.</summary>
    private static string Split(int count, string rule, Func<int, int> at, out int[][] rows, int threads = 1)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.csv", "y,at,c\n" + string.Concat(Enumerable.Range(0, count).Select(row => $"{row % 2},{at(row)},{row}\n")));
        PreprocessReport report = Make(folder, [file], rule, threads);
        using var set = DataSetFolder.Open(folder["out"], verify: true);
        rows = [.. report.Description.Splits.Select(split => Rows(set, split))];
        return Parts(report);
    }

    private static int[] Rows(DataSetFolder set, SplitEntry split)
    {
        if (split.Rows == 0)
        {
            return [];
        }

        using var source = new FolderBatchSource(set, split.Name, (int)split.Rows);
        using var batch = new Batch(source.DenseFeatures, 1);
        source.Read(0, batch);
        return batch.Indices(0).ToArray();
    }
}
