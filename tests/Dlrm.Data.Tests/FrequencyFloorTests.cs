using Dlrm.Data.Adult;
using Dlrm.Data.Criteo;
using Dlrm.Data.Tests.Criteo;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Data.Tests;

public sealed class FrequencyFloorTests
{
    private const int Train = 4;

    [Fact]
    public void Only_training_rows_are_counted_and_rare_values_share_row_0()
    {
        // Value 2 is frequent in all rows, but stands once in the training part.
        using TabularDataSet rows = OneColumn(3, 1, 3, 2, 2, 2, 1);
        int size = FrequencyFloor.Apply(rows, 0, Train, atLeast: 2);
        Assert.Equal(2, size);
        Assert.Equal([1, 0, 1, 0, 0, 0, 0], Indices(rows));
    }

    [Fact]
    public void With_a_floor_of_1_unseen_values_alone_have_row_0()
    {
        using TabularDataSet rows = OneColumn(3, 1, 3, 2, 4, 2, 1);
        Assert.Equal(4, FrequencyFloor.Apply(rows, 0, Train, atLeast: 1));
        Assert.Equal([1, 2, 1, 3, 0, 3, 2], Indices(rows));
    }

    [Fact]
    public void Numbers_of_few_values_are_categories_by_themselves()
    {
        using TabularDataSet rows = OneColumn(7688, 7688, 100, 100, 104, 7688, NumberCategories.Missing, 100);
        Assert.Equal(3, NumberCategories.Apply(rows, 0, Train, atLeast: 2));
        Assert.Equal([1, 1, 2, 2, 0, 1, 0, 2], Indices(rows));
    }

    [Fact]
    public void Numbers_of_many_values_are_divided_into_bins()
    {
        // 100 and 104 are in one bin, floor(4.605²) = floor(4.644²) = 21; a missing one and values up to 2 are not binned.
        int[] values = [.. Enumerable.Range(0, 400), NumberCategories.Missing, NumberCategories.Missing, 104, 1];
        using TabularDataSet rows = OneColumn(values);
        NumberCategories.Apply(rows, 0, values.Length, atLeast: 1);
        int[] indices = Indices(rows);
        Assert.Equal(indices[100], indices[104]);
        Assert.NotEqual(indices[97], indices[100]);
        Assert.Equal(indices[400], indices[401]);
        Assert.DoesNotContain(indices[400], indices[..400]);
        Assert.Equal(4, indices[..3].Append(indices[400]).Distinct().Count());
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(100, 21)]
    [InlineData(1_000_000, 190)]
    public void A_bin_is_the_square_of_the_logarithm(int value, int bin) => Assert.Equal(bin, NumberCategories.Bin(value));

    [Fact]
    public void Criteo_s_parts_and_floor_follow_the_fractions()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("train.txt", System.Text.Encoding.ASCII.GetBytes(CriteoLines.Text(100)));
        CriteoKaggleOptions options = Options(path);
        using CriteoDataSet data = CriteoKaggle.Load(options, new NumpyRandom(1));
        Assert.Equal((72, 8, 20), (data.Train.SampleCount, data.Validation.SampleCount, data.Test.SampleCount));
        Assert.Equal(39, data.TableRows.Count);
        using CriteoDataSet plain = CriteoKaggle.Load(options with { MinFrequency = 0, NumbersAsCategories = false }, new NumpyRandom(1));
        for (int table = 0; table < CriteoColumns.Categorical; table++)
        {
            var counts = Enumerable.Range(0, 72).GroupBy(row => plain.Rows.Indices(row)[table])
                .Where(group => group.Count() >= 5).Select(group => group.Key).ToHashSet();
            Assert.Equal(counts.Count + 1, data.TableRows[table]);
            for (int row = 0; row < 100; row++)
            {
                Assert.Equal(counts.Contains(plain.Rows.Indices(row)[table]), data.Rows.Indices(row)[table] > 0);
            }
        }

        for (int feature = 0; feature < CriteoColumns.Dense; feature++)
        {
            Assert.Equal(0, Enumerable.Range(0, 72).Average(row => (double)data.Rows.Dense(row)[feature]), 1e-5);
        }
    }

    [Fact]
    public void The_cache_gives_the_same_categories()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("train.txt", System.Text.Encoding.ASCII.GetBytes(CriteoLines.Text(100)));
        using CriteoDataSet first = CriteoKaggle.Load(Options(path) with { UseCache = true }, new NumpyRandom(1));
        using CriteoDataSet second = CriteoKaggle.Load(Options(path) with { UseCache = true }, new NumpyRandom(1));
        Assert.False(first.Report.FromCache);
        Assert.True(second.Report.FromCache);
        for (int row = 0; row < 100; row++)
        {
            Assert.Equal(first.Rows.Indices(row).ToArray(), second.Rows.Indices(row).ToArray());
            Assert.Equal(first.Rows.Dense(row).ToArray(), second.Rows.Dense(row).ToArray());
        }
    }

    [Fact]
    public void The_sample_s_numbers_become_six_tables_more()
    {
        var options = new AdultOptions { NumbersAsCategories = true, ValidationFraction = 0.1 };
        using AdultDataSet data = AdultSample.Load(options);
        Assert.Equal(14, data.TableRows.Count);
        Assert.Equal((23_444, 2_604, 6_513), (data.Train.SampleCount, data.Validation.SampleCount, data.Test.SampleCount));
        for (int row = 0; row < data.Rows.Rows; row++)
        {
            for (int table = 0; table < 14; table++)
            {
                Assert.InRange(data.Rows.Indices(row)[table], 0, data.TableRows[table] - 1);
            }
        }
    }

    private static CriteoKaggleOptions Options(string path) => new()
    {
        RawDataFile = path,
        UseCache = false,
        TestFraction = 0.2,
        ValidationFraction = 0.1,
        MinFrequency = 5,
        NumbersAsCategories = true,
        Standardize = true,
        BatchSize = 10,
    };

    private static TabularDataSet OneColumn(params int[] values)
    {
        using var builder = new TabularDataSetBuilder(1, 1);
        builder.Reserve(values.Length);
        TabularDataSet rows = builder.Build([values.Max() + 1]);
        for (int row = 0; row < values.Length; row++)
        {
            rows.Index(row, 0) = values[row];
        }

        return rows;
    }

    private static int[] Indices(TabularDataSet rows) => [.. Enumerable.Range(0, rows.Rows).Select(row => rows.Indices(row)[0])];
}
