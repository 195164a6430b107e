using CsCheck;
using Xunit;

namespace Dlrm.Data.Tests;

/// <summary>Batches hold the rows asked for, in the order asked for.</summary>
public sealed class InMemoryBatchSourceTests
{
    private const int Dense = 3;
    private const int Tables = 5;

    [Fact]
    public void Gathers_the_rows_of_the_order()
    {
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 90], Gen.Int[0, 1000]).Sample((rows, batchSize, seed) =>
        {
            using TabularDataSet set = Make(rows);
            var random = new System.Random(seed);
            int[] order = [.. Enumerable.Range(0, random.Next(rows + 1)).Select(_ => random.Next(rows))];
            Assert.Equal(order, ReadLabels(new InMemoryBatchSource(set, order, batchSize, "rows")));
        });
    }

    [Fact]
    public void Gathers_a_range_across_chunks()
    {
        using TabularDataSet set = Make((2 * TabularDataSet.ChunkRows) + 100);
        var source = new InMemoryBatchSource(set, 10_000, 20_000, 512, "rows");
        Assert.Equal(Enumerable.Range(10_000, 20_000), ReadLabels(source));
    }

    [Fact]
    public void A_batch_is_as_the_contract_says()
    {
        using TabularDataSet set = Make(100);
        var source = new InMemoryBatchSource(set, 7, 80, 33, "rows");
        Assert.Equal((3, 80, Dense), (source.BatchCount, source.SampleCount, source.DenseFeatures));
        using var batch = new Batch(Dense, Tables);
        source.Read(2, batch);
        Assert.Equal(14, batch.Size);
        for (int sample = 0; sample < batch.Size; sample++)
        {
            int row = 7 + 66 + sample;
            Assert.Equal(Label(row), batch.Labels[sample]);
            Assert.Equal(Enumerable.Range(0, Dense).Select(feature => (float)(row + feature)), batch.Dense.Slice(sample * Dense, Dense).ToArray());
            for (int table = 0; table < Tables; table++)
            {
                Assert.Equal((row * 31 % 1000) + table, batch.Indices(table)[sample]);
            }
        }

        for (int table = 0; table < Tables; table++)
        {
            Assert.Equal(Enumerable.Range(0, 15), batch.Offsets(table).ToArray());
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(9ul)]
    public void A_position_goes_on_with_the_batch_after_it(ulong? seed)
    {
        using TabularDataSet set = Make(100);
        InMemoryBatchSource Source() => new(set, 7, 80, 33, "rows", seed);
        InMemoryBatchSource whole = Source();
        var position = new byte[whole.PositionBytes];
        using var batch = new Batch(Dense, Tables);
        using var other = new Batch(Dense, Tables);
        for (int read = 0; read < 8; read++)
        {
            whole.SavePosition(position);
            whole.Read(read % 3, batch);
            InMemoryBatchSource again = Source();
            again.RestorePosition(position);
            again.Read(read % 3, other);
            Assert.Equal(batch.Labels.ToArray(), other.Labels.ToArray());
        }

        Assert.Throws<ArgumentException>(() => whole.RestorePosition(new byte[5]));
    }

    [Fact]
    public void Each_pass_is_shuffled_anew_and_alike_for_the_same_seed_and_pass()
    {
        using TabularDataSet set = Make(500);
        var source = new InMemoryBatchSource(set, 100, 300, 32, "rows", shuffleSeed: 5);
        int[] first = ReadLabels(source);
        int[] second = ReadLabels(source);
        Assert.NotEqual(first, second);
        Assert.NotEqual(Enumerable.Range(100, 300), first);
        Assert.Equal(Enumerable.Range(100, 300), first.Order());
        Assert.Equal(Enumerable.Range(100, 300), second.Order());

        var later = new InMemoryBatchSource(set, 100, 300, 50, "rows", shuffleSeed: 5) { NextPass = 1 };
        Assert.Equal(second, ReadLabels(later));
        Assert.Equal(2, later.NextPass);
        Assert.NotEqual(first, ReadLabels(new InMemoryBatchSource(set, 100, 300, 32, "rows", shuffleSeed: 6)));
    }

    [Fact]
    public void Every_position_is_as_likely_for_every_row()
    {
        // 3000 passes over 10 rows: each of the 100 counts is 300 ± 5 standard deviations.
        using TabularDataSet set = Make(10);
        var source = new InMemoryBatchSource(set, 0, 10, 10, "rows", shuffleSeed: 1);
        var counts = new int[10, 10];
        for (int pass = 0; pass < 3000; pass++)
        {
            int[] order = ReadLabels(source);
            for (int position = 0; position < 10; position++)
            {
                counts[order[position], position]++;
            }
        }

        Assert.All(counts.Cast<int>(), count => Assert.InRange(count, 218, 382));
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        using TabularDataSet set = Make(1000);
        var source = new InMemoryBatchSource(set, 0, 1000, 64, "rows", shuffleSeed: 1);
        using var batch = new Batch(Dense, Tables);
        ReadAll(source, batch);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadAll(source, batch);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void ReadAll(InMemoryBatchSource source, Batch batch)
        {
            for (int index = 0; index < source.BatchCount; index++)
            {
                source.Read(index, batch);
            }
        }
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        using TabularDataSet set = Make(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => new InMemoryBatchSource(set, 5, 6, 1, "rows"));
        Assert.Throws<ArgumentOutOfRangeException>(() => new InMemoryBatchSource(set, [3, 10], 1, "rows"));
        Assert.Throws<ArgumentOutOfRangeException>(() => new InMemoryBatchSource(set, 0, 10, 0, "rows"));
        var source = new InMemoryBatchSource(set, 0, 10, 4, "rows");
        using var other = new Batch(Dense, Tables + 1);
        Assert.Throws<ArgumentException>(() => source.Read(0, other));
        using var batch = new Batch(Dense, Tables);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(3, batch));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(-1, batch));
    }

    [Fact]
    public void Arrays_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => TabularDataSet.FromArrays([1, 0], [1, 2, 3], [0, 0], [1]));
        Assert.Throws<ArgumentException>(() => TabularDataSet.FromArrays([1, 0], [1, 2], [0], [1]));
        Assert.Contains("row 3", Assert.Throws<ArgumentException>(() => TabularDataSet.FromArrays([1, 0], [1, 2], [0, 3], [3])).Message, StringComparison.Ordinal);
        Assert.Contains("negative", Assert.Throws<ArgumentException>(() => TabularDataSet.FromArrays([1, 0], [1, 2], [0, -1], [3])).Message, StringComparison.Ordinal);
        Assert.Contains("dense feature 0", Assert.Throws<ArgumentException>(() => TabularDataSet.FromArrays([1, 0], [1, float.NaN], [0, 1], [3])).Message, StringComparison.Ordinal);
        Assert.Contains("label 2", Assert.Throws<ArgumentException>(() => TabularDataSet.FromArrays([1, 2], [1, 2], [0, 1], [3])).Message, StringComparison.Ordinal);
    }

    private static float Label(int row) => row / 65536f;

    private static TabularDataSet Make(int rows)
    {
        var labels = new float[rows];
        var dense = new float[rows * Dense];
        var indices = new int[rows * Tables];
        for (int row = 0; row < rows; row++)
        {
            labels[row] = Label(row);
            for (int feature = 0; feature < Dense; feature++)
            {
                dense[(row * Dense) + feature] = row + feature;
            }

            for (int table = 0; table < Tables; table++)
            {
                indices[(row * Tables) + table] = (row * 31 % 1000) + table;
            }
        }

        return TabularDataSet.FromArrays(labels, dense, indices, [1000, 1001, 1002, 1003, 1004]);
    }

    /// <summary>One pass; the label tells the row.</summary>
    private static int[] ReadLabels(InMemoryBatchSource source)
    {
        using var batch = new Batch(Dense, Tables);
        var rows = new List<int>();
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            foreach (float label in batch.Labels)
            {
                rows.Add((int)(label * 65536f));
            }
        }

        return [.. rows];
    }
}
