using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Distributed;
using Xunit;

namespace Dlrm.Data.Tests.Folders;

public sealed class FolderBatchSourceTests
{
    private const int Rows = 1000;

    [Theory]
    [InlineData(2000)]
    [InlineData(300)]
    [InlineData(64)]
    [InlineData(1)]
    public void Every_pass_gives_every_row_once_in_an_order_of_its_own(int buffer)
    {
        using var folder = new TemporaryFolder();
        using DataSetFolder set = Make(folder);
        using var source = new FolderBatchSource(set, "train", 96, shuffleSeed: 7, buffer);
        int[] first = ReadPass(source);
        int[] second = ReadPass(source);

        Assert.Equal(Enumerable.Range(1, Rows), first.Order());
        Assert.Equal(Enumerable.Range(1, Rows), second.Order());
        Assert.NotEqual(first, second);
    }

    [Theory]
    [InlineData(2000)]
    [InlineData(300)]
    public void Reading_goes_on_anywhere_in_a_pass(int buffer)
    {
        using var folder = new TemporaryFolder();
        using DataSetFolder set = Make(folder);
        using var whole = new FolderBatchSource(set, "train", 96, shuffleSeed: 7, buffer);
        ReadPass(whole);
        int[] second = ReadPass(whole);

        using var later = new FolderBatchSource(set, "train", 96, shuffleSeed: 7, buffer) { NextPass = 1 };
        using var batch = new Batch(1, 2);
        later.Read(6, batch);
        Assert.Equal(second.AsSpan(6 * 96, 96), batch.Indices(0));
        later.Read(3, batch);
        Assert.Equal(second.AsSpan(3 * 96, 96), batch.Indices(0));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2000)]
    [InlineData(300)]
    public void Ranks_read_their_parts_of_the_same_batches(int? buffer)
    {
        using var folder = new TemporaryFolder();
        using DataSetFolder set = Make(folder);
        using FolderBatchSource whole = Open();
        using var batch = new Batch(1, 2);
        using var part = new Batch(1, 2);
        FolderBatchSource[] sources = [Open(), Open(), Open()];
        RankBatchSource[] ranks = [.. sources.Select((source, rank) => RankBatchSource.Of(source, rank, 3))];
        for (int pass = 0; pass < 2; pass++)
        {
            for (int index = 0; index < whole.BatchCount; index++)
            {
                whole.Read(index, batch);
                int next = 0;
                foreach (RankBatchSource rank in ranks)
                {
                    rank.Read(index, part);
                    Assert.Equal(next, part.FirstSample);
                    Assert.Equal(batch.Size, part.WholeSize);
                    Assert.Equal(batch.Indices(0).Slice(next, part.Size), part.Indices(0));
                    Assert.Equal(batch.Labels.Slice(next, part.Size), part.Labels);
                    next += part.Size;
                }

                Assert.Equal(batch.Size, next);
            }
        }

        Array.ForEach(ranks, rank => rank.Dispose());
        Array.ForEach(sources, source => source.Dispose());

        FolderBatchSource Open() => buffer is { } rows
            ? new FolderBatchSource(set, "train", 100, shuffleSeed: 7, rows)
            : new FolderBatchSource(set, "train", 100);
    }

    [Theory]
    [InlineData(2000)]
    [InlineData(300)]
    public void A_position_is_gone_on_from_in_the_same_pass_and_the_next(int buffer)
    {
        using var folder = new TemporaryFolder();
        using DataSetFolder set = Make(folder);
        using var whole = new FolderBatchSource(set, "train", 96, shuffleSeed: 7, buffer);
        byte[] position = new byte[whole.PositionBytes];
        using var batch = new Batch(1, 2);
        ReadPass(whole);
        for (int index = 0; index < 5; index++)
        {
            whole.Read(index, batch);
        }

        whole.SavePosition(position);
        using var later = new FolderBatchSource(set, "train", 96, shuffleSeed: 7, buffer);
        later.RestorePosition(position);
        using var again = new Batch(1, 2);
        for (int index = 5; index < whole.BatchCount; index++)
        {
            whole.Read(index, batch);
            later.Read(index, again);
            Assert.Equal(batch.Indices(0), again.Indices(0));
        }

        Assert.Equal(ReadPass(whole), ReadPass(later));
        position[3] = 0xFF;
        Assert.Throws<ArgumentException>(() => later.RestorePosition(position));
    }

    [Fact]
    public void Label_numbers_bags_and_weights_stay_with_their_row()
    {
        using var folder = new TemporaryFolder();
        using DataSetFolder set = Make(folder);
        foreach (ulong? seed in new ulong?[] { null, 3 })
        {
            using var source = new FolderBatchSource(set, "train", 77, seed, bufferRows: 130);
            using var batch = new Batch(1, 2);
            for (int index = 0; index < source.BatchCount; index++)
            {
                source.Read(index, batch);
                for (int sample = 0; sample < batch.Size; sample++)
                {
                    int row = batch.Indices(0)[sample] - 1;
                    int first = batch.Offsets(1)[sample];
                    Assert.Equal(row % 2, batch.Labels[sample]);
                    Assert.Equal(row, batch.Dense[sample]);
                    Assert.Equal(row * 0.5f, batch.Weights[sample]);
                    Assert.Equal(row % 4, batch.Offsets(1)[sample + 1] - first);
                    Assert.All(batch.Indices(1)[first..batch.Offsets(1)[sample + 1]].ToArray(), index => Assert.Equal(1 + ((row + 3) % 4), index));
                }
            }
        }
    }

    [Fact]
    public void Reading_allocates_nothing_once_warm()
    {
        using var folder = new TemporaryFolder();
        using DataSetFolder set = Make(folder);
        using var source = new FolderBatchSource(set, "train", 10, shuffleSeed: 7, bufferRows: 300);
        using var batch = new Batch(1, 2);
        ReadPass(source);
        batch.ReserveIndices(1, 40);
        source.Read(0, batch);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int index = 1; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_damaged_file_is_told()
    {
        using var folder = new TemporaryFolder();
        Make(folder).Dispose();
        string file = Path.Combine(folder["out"], "train-00000.arrow");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes);

        DataSetFolder.Open(folder["out"]).Dispose();
        Assert.Contains("XxHash3", Assert.Throws<BadDataException>(() => DataSetFolder.Open(folder["out"], verify: true)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(file, bytes[..^100]);
        Assert.Contains("dataset.json says", Assert.Throws<BadDataException>(() => DataSetFolder.Open(folder["out"])).Message, StringComparison.Ordinal);
    }

    private static DataSetFolder Make(TemporaryFolder folder)
    {
        var text = new System.Text.StringBuilder("y,x,id,tags,w\n");
        for (int row = 0; row < Rows; row++)
        {
            string tags = string.Join('|', Enumerable.Repeat($"t{row % 4}", row % 4));
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{row % 2},{row},id{row},{tags},{row * 0.5}\n");
        }

        Preprocessor.Run(new PreprocessOptions
        {
            Inputs = [folder.Write("a.csv", text.ToString())],
            Output = folder["out"],
            Schema = new DataSchema
            {
                Label = "y",
                Dense = [new DenseColumn { Column = "x" }],
                Sparse = [new SparseColumn { Column = "id" }, new SparseColumn { Column = "tags", Separator = "|" }],
                Weight = "w",
            },
            Split = "none",
        });
        return DataSetFolder.Open(folder["out"]);
    }

    private static int[] ReadPass(FolderBatchSource source)
    {
        using var batch = new Batch(1, 2);
        var ids = new List<int>();
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            ids.AddRange(batch.Indices(0));
        }

        return [.. ids];
    }
}
