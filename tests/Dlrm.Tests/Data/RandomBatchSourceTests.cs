using CsCheck;
using Dlrm.Data;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Data;

public sealed class RandomBatchSourceTests
{
    private static readonly RandomDataOptions Small = new()
    {
        DenseFeatures = 3,
        TableRows = [50, 1, 7],
        BatchSize = 8,
        NumBatches = 4,
        LookupsPerTable = 6,
        Seed = 11,
    };

    private static readonly Gen<RandomDataOptions> AnyOptions =
        from dense in Gen.Int[1, 5]
        from rows in Gen.Int[1, 200].Array[1, 4]
        from size in Gen.Long[1, 60]
        from batch in Gen.Int[1, 20]
        from lookups in Gen.Int[0, 40]
        from fixedLookups in Gen.Bool
        from round in Gen.Bool
        from gaussian in Gen.Bool
        from seed in Gen.UInt
        select new RandomDataOptions
        {
            DenseFeatures = dense,
            TableRows = rows,
            DataSize = size,
            BatchSize = batch,
            LookupsPerTable = lookups,
            FixedLookups = fixedLookups,
            RoundTargets = round,
            Distribution = gaussian ? LookupDistribution.Gaussian : LookupDistribution.Uniform,
            Max = rows.Min() - 1,
            Sigma = 20,
            Seed = seed,
        };

    [Fact]
    public void Reading_from_the_start_again_gives_the_same_batches()
        => AnyOptions.Sample(options =>
        {
            var source = new RandomBatchSource(options, new NumpyRandom(0));
            Assert.Equal(Epoch(source), Epoch(source));
        });

    [Fact]
    public void Bags_are_ascending_inside_the_table_and_no_longer_than_asked_for()
        => AnyOptions.Sample(options =>
        {
            var source = new RandomBatchSource(options, new NumpyRandom(0));
            using var batch = new Batch(options.DenseFeatures, options.TableRows.Count);
            long samples = 0;
            for (int index = 0; index < source.BatchCount; index++)
            {
                source.Read(index, batch);
                samples += batch.Size;
                for (int table = 0; table < batch.Tables; table++)
                {
                    AssertBags(options, batch, table);
                }
            }

            Assert.Equal(source.SampleCount, samples);
        });

    [Fact]
    public void Sources_that_share_a_generator_go_on_from_each_other()
    {
        // Training reads batch 0, a test pass reads all, training reads batch 1: it comes after the test's last draw.
        var random = new NumpyRandom(Small.Seed);
        var train = new RandomBatchSource(Small, random);
        var test = new RandomBatchSource(Small, random);
        using var batch = new Batch(Small.DenseFeatures, Small.TableRows.Count);
        train.Read(0, batch);
        Epoch(test);
        NumpyRandom after = random.Clone();
        train.Read(1, batch);
        var expected = new float[batch.Dense.Length];
        after.FillUniform(expected, 0, 1);
        Assert.Equal(expected, batch.Dense.ToArray());
    }

    [Fact]
    public void Rounded_targets_are_zeros_and_ones()
    {
        var source = new RandomBatchSource(Small with { RoundTargets = true }, new NumpyRandom(1));
        using var batch = new Batch(Small.DenseFeatures, Small.TableRows.Count);
        source.Read(0, batch);
        Assert.Equal([0f, 1f], batch.Labels.ToArray().Distinct().Order());
    }

    [Fact]
    public void Reading_allocates_no_managed_memory()
    {
        foreach (LookupDistribution distribution in Enum.GetValues<LookupDistribution>())
        {
            var source = new RandomBatchSource(Small with { Distribution = distribution, Max = 0.9 }, new NumpyRandom(1));
            using var batch = new Batch(Small.DenseFeatures, Small.TableRows.Count);
            source.Read(0, batch);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int index = 0; index < source.BatchCount; index++)
            {
                source.Read(index, batch);
            }

            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    [Fact]
    public void A_Gaussian_lookup_that_misses_its_table_is_an_error_with_a_fix()
    {
        RandomDataOptions options = Small with { Distribution = LookupDistribution.Gaussian, Mu = 5, Sigma = 9, Max = 40 };
        var source = new RandomBatchSource(options, new NumpyRandom(1));
        using var batch = new Batch(Small.DenseFeatures, Small.TableRows.Count);
        ArgumentException error = Assert.Throws<ArgumentException>(() => source.Read(0, batch));
        Assert.Contains("table 1, sample ", error.Message, StringComparison.Ordinal);
        Assert.Contains("--rand-data-max less than the rows of the smallest table (1)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_options_are_refused_by_name()
    {
        AssertRefused(Small with { DenseFeatures = 0 }, "--arch-mlp-bot");
        AssertRefused(Small with { TableRows = [] }, "--arch-embedding-size");
        AssertRefused(Small with { TableRows = [4, 0] }, "--arch-embedding-size");
        AssertRefused(Small with { BatchSize = 0 }, "--mini-batch-size");
        AssertRefused(Small with { NumBatches = -1 }, "--num-batches");
        AssertRefused(Small with { NumBatches = 0, DataSize = 0 }, "--data-size");
        AssertRefused(Small with { LookupsPerTable = -1 }, "--num-indices-per-lookup");
        AssertRefused(Small with { BatchSize = 1 << 20, LookupsPerTable = 1 << 12 }, "--num-indices-per-lookup");
        AssertRefused(Small with { Seed = -1 }, "--numpy-rand-seed");
        RandomDataOptions gaussian = Small with { Distribution = LookupDistribution.Gaussian };
        AssertRefused(gaussian with { Sigma = -1 }, "--rand-data-sigma");
        AssertRefused(gaussian with { Mu = double.NaN }, "--rand-data-mu");
        AssertRefused(gaussian with { Min = 2 }, "--rand-data-min");
        AssertRefused(gaussian with { Min = 1, Max = 2 }, "--rand-data-min");
        AssertRefused(gaussian with { Min = -9, Max = -4 }, "--rand-data-max");
    }

    [Fact]
    public void A_batch_number_or_a_batch_that_does_not_fit_is_refused()
    {
        var source = new RandomBatchSource(Small, new NumpyRandom(1));
        using var batch = new Batch(Small.DenseFeatures, Small.TableRows.Count);
        using var other = new Batch(Small.DenseFeatures + 1, Small.TableRows.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(4, batch));
        Assert.Throws<ArgumentException>(() => source.Read(0, other));
    }

    private static void AssertRefused(RandomDataOptions options, string name)
        => Assert.Contains(name, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);

    private static void AssertBags(RandomDataOptions options, Batch batch, int table)
    {
        int[] offsets = batch.Offsets(table).ToArray();
        int[] indices = batch.Indices(table).ToArray();
        Assert.Equal(0, offsets[0]);
        for (int sample = 0; sample < batch.Size; sample++)
        {
            int[] bag = indices[offsets[sample]..offsets[sample + 1]];
            int least = options.FixedLookups && options.LookupsPerTable == 0 ? 0 : 1;
            Assert.InRange(bag.Length, least, Math.Max(least, options.LookupsPerTable));
            Assert.All(bag, index => Assert.InRange(index, 0, options.TableRows[table] - 1));
            Assert.Equal(bag.Order(), bag);
            if (options.Distribution == LookupDistribution.Uniform)
            {
                Assert.Distinct(bag);
            }
        }
    }

    /// <summary>Everything that an epoch reads, one list of numbers.</summary>
    private static List<double> Epoch(RandomBatchSource source)
    {
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        var all = new List<double>();
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            all.AddRange(batch.Dense.ToArray().Select(value => (double)value));
            all.AddRange(batch.Labels.ToArray().Select(value => (double)value));
            for (int table = 0; table < batch.Tables; table++)
            {
                all.AddRange(batch.Offsets(table).ToArray().Select(value => (double)value));
                all.AddRange(batch.Indices(table).ToArray().Select(value => (double)value));
            }
        }

        return all;
    }
}
