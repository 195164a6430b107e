using Dlrm.Reports.Charts;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Reports.Tests.Charts;

public sealed class LossHistoryTests
{
    [Fact]
    public void Few_intervals_stay_as_they_are()
        => Assert.Equal(
            [new(1, 0.5, 0.5, 0.5), new(2, 0.25, 0.25, 0.25)],
            LossHistory.Reduce([Interval(1, 0.5, 10), Interval(2, 0.25, 20)], 10));

    [Fact]
    public void Many_are_joined_by_samples_and_keep_their_extremes()
        => Assert.Equal(
            [new(2, 0.25, 0.1, 0.7), new(4, 0.5, 0.5, 0.5)],
            LossHistory.Reduce([Interval(1, 0.1, 30), Interval(2, 0.7, 40), Interval(3, 0.5, 50), Interval(4, 0.5, 60)], 2)
                .Select(point => point with { Mean = Math.Round(point.Mean, 12) }));

    [Fact]
    public void Intervals_without_a_number_are_left_out()
        => Assert.Equal(
            [new(2, 0.5, 0.5, 0.5)],
            LossHistory.Reduce([Interval(1, double.NaN, 10), Interval(2, 0.5, 20), Interval(3, double.NaN, 30)], 10));

    private static TrainRecord Interval(long step, double loss, long samples) => new(step, (int)step, 10, 0, loss, 1, 0.1, samples);
}
