using Dlrm.Optimizers;
using Xunit;

namespace Dlrm.Tests.Optimizers;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void Constant_warms_up_and_stays()
    {
        var schedule = LearningRateSchedule.Create("constant", 1, warmupSteps: 4, decayStart: 5, decaySteps: 3, totalSteps: 10);
        Assert.Equal([0.25, 0.5, 0.75, 1, 1, 1], Rates(schedule, 6));
        Assert.Equal(1, schedule.RateAt(1000));
    }

    [Fact]
    public void Cosine_falls_to_nothing_at_the_last_step()
    {
        var schedule = LearningRateSchedule.Create("cosine", 0.3, warmupSteps: 0, decayStart: 0, decaySteps: 0, totalSteps: 50);
        for (int step = 1; step <= 50; step++)
        {
            Assert.Equal(0.15 * (1 + Math.Cos(Math.PI * step / 50)), schedule.RateAt(step), 1e-15);
        }

        Assert.Equal(0, schedule.RateAt(60), 1e-15);
    }

    [Fact]
    public void Cosine_starts_after_the_warm_up_and_lasts_as_long_as_asked()
    {
        var schedule = LearningRateSchedule.Create("cosine", 1, warmupSteps: 2, decayStart: 3, decaySteps: 4, totalSteps: 50);
        double half = Math.Sqrt(0.5);
        double[] expected = [0.5, 1, 1, (1 + half) / 2, 0.5, (1 - half) / 2, 0, 0];
        double[] actual = Rates(schedule, 8);
        Assert.All(expected, (rate, place) => Assert.Equal(rate, actual[place], 1e-15));
    }

    [Fact]
    public void Step_drops_to_a_tenth_again_and_again()
    {
        var schedule = LearningRateSchedule.Create("step", 100, warmupSteps: 0, decayStart: 3, decaySteps: 2, totalSteps: 50);
        Assert.Equal([100, 100, 10, 10, 1, 1, 0.1], Rates(schedule, 7));
        Assert.Equal(0, schedule.RateAt(long.MaxValue));
    }

    [Fact]
    public void Step_without_an_interval_drops_once()
    {
        var schedule = LearningRateSchedule.Create("step", 1, warmupSteps: 0, decayStart: 2, decaySteps: 0, totalSteps: 50);
        Assert.Equal([1, 0.1, 0.1, 0.1], Rates(schedule, 4));
    }

    [Fact]
    public void Step_without_a_start_keeps_the_rate_for_one_interval()
    {
        var schedule = LearningRateSchedule.Create("step", 1, warmupSteps: 0, decayStart: 0, decaySteps: 2, totalSteps: 50);
        Assert.Equal([1, 1, 0.1, 0.1, 0.01], Rates(schedule, 5));
    }

    [Fact]
    public void An_unknown_name_is_answered_with_the_known_ones() => Assert.Contains(
        "'linear'; there are policy, constant, cosine, step.",
        Assert.Throws<ArgumentException>(() => LearningRateSchedule.Create("linear", 1, 0, 0, 0, 1)).Message,
        StringComparison.Ordinal);

    private static double[] Rates(LearningRateSchedule schedule, int steps) =>
        [.. Enumerable.Range(1, steps).Select(step => schedule.RateAt(step))];
}
