using CsCheck;
using Dlrm.Data;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class GroupAucTests
{
    [Fact]
    public void Groups_weigh_by_their_samples_and_those_of_one_label_do_not_count()
    {
        // Group 4: (0.1−, 0.9+), AUC 1. Group −2: (0.5+, 0.5−, 0.2−, 0.1+), 1 + 0.5 of 4 pairs. Group 9: one label.
        GroupAuc result = Of([4, -2, 9, -2, 4, -2, 9, -2], [0, 1, 1, 0, 1, 0, 1, 1], [0.1f, 0.5f, 0.3f, 0.5f, 0.9f, 0.2f, 0.4f, 0.1f]);
        Assert.Equal(new GroupAuc(3, 2, 6, ((1 * 2) + (1.5 / 4 * 4)) / 6), result);
    }

    [Fact]
    public void It_is_undefined_without_two_labels_or_with_others()
    {
        Assert.Equal(new GroupAuc(2, 0, 0, null), Of([1, 2], [0, 1], [0.5f, 0.5f]));
        Assert.Null(Of([1, 1], [0, 0.5f], [0.5f, 0.5f]).Value);
        Assert.Null(Of([1, 1], [0, 1], [0.5f, float.NaN]).Value);
    }

    /// <summary>The twin counts pairs.</summary>
    [Fact]
    public void It_is_the_share_of_pairs_in_the_right_order() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 1], Gen.Int[0, 5]).Array[1, 60].Sample(samples =>
        {
            (double sum, long count) = (0, 0);
            foreach (IGrouping<int, (int Group, int Label, int Score)> group in samples.GroupBy(sample => sample.Item1))
            {
                (int Group, int Label, int Score)[] up = [.. group.Where(sample => sample.Label == 1)];
                (int Group, int Label, int Score)[] down = [.. group.Where(sample => sample.Label == 0)];
                if (up.Length > 0 && down.Length > 0)
                {
                    double right = up.Sum(a => down.Sum(b => a.Score > b.Score ? 1 : a.Score == b.Score ? 0.5 : 0));
                    (sum, count) = (sum + (right / up.Length / down.Length * group.Count()), count + group.Count());
                }
            }

            double? value = Of(
                [.. samples.Select(sample => (long)sample.Item1)], [.. samples.Select(sample => (float)sample.Item2)],
                [.. samples.Select(sample => sample.Item3 / 8f)]).Value;
            Assert.Equal(count == 0, value is null);
            Assert.Equal(count == 0 ? 0 : sum / count, value ?? 0, 1e-12);
        });

    private static GroupAuc Of(long[] groups, float[] labels, float[] scores)
    {
        var metrics = new GroupMetrics(new Source(groups));
        metrics.Add([0], [0.5f]);
        metrics.Reset();
        int half = labels.Length / 2;
        metrics.Add(labels.AsSpan(0, half), scores.AsSpan(0, half));
        metrics.Add(labels.AsSpan(half), scores.AsSpan(half));
        return metrics.Compute();
    }

    private sealed class Source(long[] groups) : IGroupedSource
    {
        public bool HasGroups => true;

        public string Description => "";

        public int DenseFeatures => 0;

        public IReadOnlyList<int> TableRows => [];

        public int BatchCount => 0;

        public long SampleCount => groups.Length;

        public void Read(int index, Batch batch)
        {
        }

        public void ReadGroups(long first, Span<long> all) => groups.AsSpan((int)first, all.Length).CopyTo(all);
    }
}
