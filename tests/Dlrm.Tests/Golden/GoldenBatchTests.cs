using Dlrm.Data;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Golden;

public sealed class GoldenBatchTests
{
    public static TheoryData<string> Cases { get; } =
    [
        "readme", "readme-seed7", "dot", "dot-itself", "cat", "bce", "wbce", "bce-threshold", "ragged-last", "lookups-fixed",
        "gaussian", "lr-policy", "eval", "mlperf-eval", "epochs", "adagrad", "rwsadagrad",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Batches_are_those_of_the_reference(string name)
    {
        var golden = GoldenCase.Load(name);
        RandomDataOptions options = golden.RandomData();
        var source = new RandomBatchSource(options, new NumpyRandom(options.Seed));
        using var batch = new Batch(options.DenseFeatures, options.TableRows.Count);
        Assert.NotEmpty(golden.Batches);
        for (int index = 0; index < golden.Batches.Count; index++)
        {
            GoldenBatch expected = golden.Batches[index];
            source.Read(index, batch);
            Assert.Equal(expected.Labels.Length, batch.Size);
            Assert.Equal(expected.DenseFeatures, batch.DenseFeatures);
            Assert.Equal(expected.Dense, batch.Dense.ToArray());
            Assert.Equal(expected.Labels, batch.Labels.ToArray());
            for (int table = 0; table < batch.Tables; table++)
            {
                Assert.Equal(expected.Indices[table], batch.Indices(table).ToArray());
                Assert.Equal([.. expected.Offsets[table], expected.Indices[table].Length], batch.Offsets(table).ToArray());
            }
        }
    }

    [Fact]
    public void A_short_last_batch_ends_the_epoch()
    {
        RandomDataOptions options = GoldenCase.Load("ragged-last").RandomData();
        var source = new RandomBatchSource(options, new NumpyRandom(options.Seed));
        Assert.Equal(9, source.BatchCount);
        Assert.Equal(130, source.SampleCount);
    }
}
