using Dlrm.Data.Criteo;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Data.Tests.Criteo;

/// <summary>The same rows, batches and draws as the reference.</summary>
public sealed class CriteoGoldenTests
{
    public static TheoryData<string, bool> Cases => [.. GoldenCase.All.SelectMany(
        golden => new (string, bool)[] { (golden.Name, false), (golden.Name, true) })];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loads_what_the_reference_loads(string name, bool fromCache)
    {
        GoldenCase golden = GoldenCase.Named(name);
        using var folder = new TemporaryFolder();
        CriteoKaggleOptions options = golden.Options(folder.Write("train.txt", GoldenCase.Text));
        if (fromCache)
        {
            CriteoKaggle.Load(options, new NumpyRandom(golden.Seed)).Dispose();
        }

        var random = new NumpyRandom(golden.Seed);
        using CriteoDataSet data = CriteoKaggle.Load(options, random);

        Assert.Equal(fromCache, data.Report.FromCache);
        Assert.Empty(data.Report.Messages);
        Assert.Equal(golden.Counts, data.TableRows);
        Assert.Equal(golden.Rows, data.Rows.Rows);
        Assert.Equal(golden.TrainBatches, data.Train.BatchCount);
        Assert.Equal(golden.TestRows, data.Test.SampleCount);
        if (golden.HeadLabels.Length > 0)
        {
            AssertHead(golden, data.Rows);
        }

        AssertFirstBatch(golden, data.Train);

        // The reference draws the weights of table 0 next: uniform, ± the root of one over its rows.
        double bound = Math.Sqrt(1.0 / golden.TableRows);
        Assert.Equal(golden.FirstWeights, golden.FirstWeights.Select(_ => (float)random.Uniform(-bound, bound)));
    }

    private static void AssertHead(GoldenCase golden, TabularDataSet rows)
    {
        for (int row = 0; row < golden.HeadLabels.Length; row++)
        {
            Assert.Equal(golden.HeadLabels[row], rows.Label(row));
            Assert.Equal(golden.HeadIndices[row], rows.Indices(row).ToArray());
            Assert.Equal(
                golden.HeadNumbers[row].Select(number => MathF.Log(number + 1f)), rows.Dense(row).ToArray(), WithinOneUlp);
        }

        long sum = 0;
        for (int row = 0; row < rows.Rows; row++)
        {
            foreach (int index in rows.Indices(row))
            {
                sum += index;
            }
        }

        Assert.Equal(golden.IndexSum, sum);
    }

    private static void AssertFirstBatch(GoldenCase golden, InMemoryBatchSource source)
    {
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        source.Read(0, batch);
        Assert.Equal(64, batch.Size);
        Assert.Equal(golden.BatchLabels, batch.Labels.ToArray());
        Assert.Equal(golden.BatchDense, batch.Dense.ToArray(), WithinOneUlp);
        for (int table = 0; table < batch.Tables; table++)
        {
            Assert.Equal(Enumerable.Range(0, 65), batch.Offsets(table).ToArray());
            Assert.Equal(golden.BatchIndices[table], batch.Indices(table).ToArray());
        }
    }

    private static bool WithinOneUlp(float expected, float actual) =>
        Math.Abs(BitConverter.SingleToInt32Bits(expected) - BitConverter.SingleToInt32Bits(actual)) <= 1;
}
