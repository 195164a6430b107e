using Dlrm.Optimizers;
using Xunit;

namespace Dlrm.Tests.Optimizers;

public sealed class LearningRatePolicyTests
{
    /// <summary>The rates that the reference took 20 steps with (golden case lr-policy).</summary>
    private static readonly double[] Reference =
    [
        0.019999999999999997, 0.04000000000000001, 0.06, 0.08000000000000002, 0.08000000000000002, 0.08000000000000002,
        0.08000000000000002, 0.08000000000000002, 0.08000000000000002, 0.1, 0.06944444444444446, 0.044444444444444446,
        0.025, 0.011111111111111112, 0.002777777777777778, 0.002777777777777778, 0.002777777777777778,
        0.002777777777777778, 0.002777777777777778, 0.002777777777777778,
    ];

    [Fact]
    public void Rates_are_the_reference_s()
    {
        var policy = new LearningRatePolicy(0.1, warmupSteps: 5, decayStart: 10, decaySteps: 6);
        Assert.Equal(Reference, Enumerable.Range(1, 20).Select(step => policy.RateAt(step)));
    }

    [Fact]
    public void Without_warm_up_and_decay_the_rate_stays()
    {
        var policy = new LearningRatePolicy(0.3);
        Assert.Equal([0.3, 0.3], [policy.RateAt(1), policy.RateAt(1_000_000)]);
    }

    [Fact]
    public void Warm_up_alone_ends_at_the_base_rate()
    {
        var policy = new LearningRatePolicy(1, warmupSteps: 4);
        Assert.Equal([0.25, 0.5, 0.75, 1, 1], Enumerable.Range(1, 5).Select(step => policy.RateAt(step)));
    }

    [Fact]
    public void Decay_alone_keeps_the_base_rate_until_it_starts()
    {
        var policy = new LearningRatePolicy(1, decayStart: 3, decaySteps: 2);
        Assert.Equal([1, 1, 1, 0.25, 0.25], Enumerable.Range(1, 5).Select(step => policy.RateAt(step)));
    }

    [Fact]
    public void Decay_stops_at_the_least_rate()
    {
        var policy = new LearningRatePolicy(0.01, decayStart: 0, decaySteps: 1000);
        Assert.Equal(1e-7, policy.RateAt(999));
        Assert.Equal(1e-7, policy.RateAt(5000));
    }

    [Fact]
    public void A_decay_that_ends_before_the_first_step_changes_nothing()
        => Assert.Equal(0.5, new LearningRatePolicy(0.5, decayStart: 0, decaySteps: 1).RateAt(1));

    [Fact]
    public void Decay_may_not_start_during_the_warm_up()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new LearningRatePolicy(0.1, 10, 9, 5));
        Assert.Contains("starts at step 9, before the warm-up of 10 steps ends", error.Message, StringComparison.Ordinal);
        Assert.Equal(0.1, new LearningRatePolicy(0.1, 10, 10, 5).RateAt(10));
    }

    [Fact]
    public void Steps_count_from_one()
        => Assert.Throws<ArgumentOutOfRangeException>(() => new LearningRatePolicy(0.1).RateAt(0));
}
