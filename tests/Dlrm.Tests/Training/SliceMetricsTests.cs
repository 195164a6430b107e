using Dlrm.Data;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class SliceMetricsTests
{
    [Fact]
    public void A_slice_has_the_metrics_of_its_samples_alone()
    {
        // Eight samples of two batches; table 1 gives the slices, table 0 is another feature.
        int[][] bags = [[4], [4], [5], [4], [5], [4], [6], []];
        float[] scores = [0.9f, 0.2f, 0.6f, 0.4f, 0.1f, 0.7f, 0.5f, 0.3f];
        float[] labels = [1, 0, 1, 1, 0, 0, 1, 0];
        var slices = new SliceMetrics([1]);
        Add(slices, bags[..3], scores[..3], labels[..3]);
        Add(slices, bags[3..], scores[3..], labels[3..]);
        FeatureSlices feature = Assert.Single(slices.Compute());
        Assert.Equal((1, 4), (feature.Table, feature.Values));
        Assert.Equal([4, 5, Slice.NoLookup, 6], feature.Slices.Select(slice => slice.Row));
        int[] members = [0, 1, 3, 5];
        using var alone = new MetricsAccumulator();
        alone.Add([.. members.Select(sample => scores[sample])], [.. members.Select(sample => labels[sample])]);
        Assert.Equal(alone.Compute(), feature.Slices[0].Metrics);
        Assert.Equal(0.75, feature.Slices[0].Metrics.Auc); // Pairs (0.9, 0.2), (0.9, 0.7), (0.4, 0.2) of four are in order.
    }

    [Fact]
    public void The_interval_of_the_label_rate_is_wilsons()
    {
        var slices = new SliceMetrics([1]);
        Add(slices, [.. Enumerable.Repeat<int[]>([0], 10)], [.. Enumerable.Repeat(0.5f, 10)], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
        Slice slice = slices.Compute()[0].Slices[0];
        Assert.Equal(0.1078, slice.Low!.Value, 4); // Wilson's 95 % interval of 3 in 10, from tables.
        Assert.Equal(0.6032, slice.High!.Value, 4);
    }

    [Fact]
    public void A_sample_belongs_to_each_of_its_values_once()
    {
        var slices = new SliceMetrics([1]);
        Add(slices, [[2, 3, 2], [3]], [0.5f, 0.5f], [1, 0]);
        Assert.Equal([(3, 2L), (2, 1L)], slices.Compute()[0].Slices.Select(slice => (slice.Row, slice.Metrics.Samples)));
    }

    [Fact]
    public void Rare_values_share_the_last_slice()
    {
        var slices = new SliceMetrics([1]);
        Add(slices, [[1], [1], [2], [3], [4]], [0.5f, 0.5f, 0.5f, 0.5f, 0.5f], [1, 0, 1, 0, 1]);
        FeatureSlices feature = slices.Compute(most: 2)[0];
        Assert.Equal(4, feature.Values);
        Assert.Equal([(1, 2L), (2, 1L), (Slice.AllOthers, 2L)], feature.Slices.Select(slice => (slice.Row, slice.Metrics.Samples)));
    }

    [Fact]
    public void A_new_pass_starts_from_nothing()
    {
        var slices = new SliceMetrics([1]);
        Add(slices, [[1]], [0.5f], [1]);
        slices.Reset();
        Add(slices, [[2]], [0.5f], [1]);
        Assert.Equal([2], slices.Compute()[0].Slices.Select(slice => slice.Row));
    }

    [Fact]
    public void A_table_that_is_not_there_is_refused()
        => Assert.Throws<ArgumentException>(() => Add(new SliceMetrics([2]), [[1]], [0.5f], [1]));

    private static void Add(SliceMetrics slices, int[][] bags, float[] scores, float[] labels)
    {
        using var batch = new Batch(1, 2);
        batch.Resize(bags.Length);
        labels.CopyTo(batch.Labels);
        for (int table = 0; table < 2; table++)
        {
            int[] lookups = [.. bags.SelectMany(bag => table == 1 ? bag : [0])];
            lookups.CopyTo(batch.ReserveIndices(table, lookups.Length));
            int offset = 0;
            for (int sample = 0; sample < bags.Length; sample++)
            {
                offset += table == 1 ? bags[sample].Length : 1;
                batch.Offsets(table)[sample + 1] = offset;
            }
        }

        slices.Add(batch, scores);
    }
}
