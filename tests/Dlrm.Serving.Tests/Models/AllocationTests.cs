using System.Text;
using Dlrm.Data;
using Dlrm.Data.Scoring;
using Dlrm.Serving.Models;
using Dlrm.Serving.Tensors;
using Xunit;

namespace Dlrm.Serving.Tests.Models;

/// <summary>What a request allocates does not grow with its rows.</summary>
public sealed class AllocationTests(ServedCensus census) : IClassFixture<ServedCensus>
{
    [Fact]
    public void Reading_raw_rows_allocates_nothing()
    {
        RowPool rows = census.Server.Catalog.Models[0].Current!.Rows!;
        byte[] json = Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat(SampleModel.Rows[0], 100))}]");
        Assert.Equal(0, Allocated(() =>
        {
            rows.Read(json, out RowBatch batch);
            batch.Build();
            rows.Return(batch);
        }));
    }

    [Fact]
    public void Reading_tensors_allocates_the_same_for_any_number_of_rows()
    {
        var config = census.Server.Catalog.Models[0].Current!.Config;
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        Assert.Equal(Measure(1), Measure(1000));

        long Measure(int count)
        {
            InputTensor[] tensors =
            [
                new("dense", "FP32", [count, config.DenseFeatures], new byte[sizeof(float) * count * config.DenseFeatures], IsJson: false),
                new("sparse", "INT64", [count, config.TableRows.Count], new byte[sizeof(long) * count * config.TableRows.Count], IsJson: false),
            ];
            return Allocated(() => new TensorRows(config, tensors).Fill(batch, 1000));
        }
    }

    /// <summary>Bytes of one call, after some to get warm; the least of several, since others of this thread may allocate.</summary>
    private static long Allocated(Action action)
    {
        long least = long.MaxValue;
        for (int call = 0; call < 50; call++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
