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
        RandomDataOptions options = Options(golden);
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
        RandomDataOptions options = Options(GoldenCase.Load("ragged-last"));
        var source = new RandomBatchSource(options, new NumpyRandom(options.Seed));
        Assert.Equal(9, source.BatchCount);
        Assert.Equal(130, source.SampleCount);
    }

    private static RandomDataOptions Options(GoldenCase golden) => new()
    {
        DenseFeatures = Sizes(golden.Option("--arch-mlp-bot", "4-3-2"))[0],
        TableRows = Sizes(golden.Option("--arch-embedding-size", "4-3-2")),
        DataSize = (long)golden.Number("--data-size", 1),
        NumBatches = (int)golden.Number("--num-batches", 0),
        BatchSize = (int)golden.Number("--mini-batch-size", 1),
        LookupsPerTable = (int)golden.Number("--num-indices-per-lookup", 10),
        FixedLookups = golden.Option("--num-indices-per-lookup-fixed", string.Empty).Length > 0,
        RoundTargets = golden.Option("--round-targets", string.Empty).Length > 0,
        Distribution = Enum.Parse<LookupDistribution>(golden.Option("--rand-data-dist", "uniform"), ignoreCase: true),
        Min = golden.Number("--rand-data-min", 0),
        Max = golden.Number("--rand-data-max", 1),
        Mu = golden.Number("--rand-data-mu", -1),
        Sigma = golden.Number("--rand-data-sigma", 1),
        Seed = (long)golden.Number("--numpy-rand-seed", 123),
    };

    private static int[] Sizes(string text)
        => [.. text.Split('-').Select(size => int.Parse(size, System.Globalization.CultureInfo.InvariantCulture))];
}
