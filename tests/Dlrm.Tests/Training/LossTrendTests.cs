using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class LossTrendTests
{
    [Fact]
    public void Six_rising_intervals_are_a_rise()
    {
        var trend = new LossTrend();
        double[] losses = [0.6, 0.55, 0.5, 0.52, 0.55, 0.6, 0.65];
        for (int i = 0; i < losses.Length; i++)
        {
            Assert.Null(trend.Add(i + 1, losses[i], 100_000));
        }

        Assert.Equal(new LossRise(6, 3, 0.5, 8, 0.8), trend.Add(8, 0.8, 100_000));
    }

    [Fact]
    public void Noise_alone_is_not()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var trend = new LossTrend();
            var random = new System.Random(seed);
            for (int step = 1; step <= 5000; step++)
            {
                Assert.Null(trend.Add(step, 0.69 + ((random.NextDouble() - 0.5) * 0.2), 128));
            }
        }
    }

    [Fact]
    public void Rare_labels_with_their_heavy_tail_are_not()
    {
        var trend = new LossTrend();
        var random = new System.Random(1);
        for (int step = 1; step <= 20000; step++)
        {
            int clicks = 0;
            for (int sample = 0; sample < 64; sample++)
            {
                clicks += random.NextDouble() < 0.005 ? 1 : 0;
            }

            Assert.Null(trend.Add(step, ((clicks * 5.3) + (64 - clicks) * 0.005) / 64, 64));
        }
    }

    [Fact]
    public void A_falling_loss_is_not()
    {
        var trend = new LossTrend();
        for (int step = 1; step <= 1000; step++)
        {
            Assert.Null(trend.Add(step, 1.0 / step, 1000));
        }
    }

    [Fact]
    public void A_slow_rise_under_noise_shows_in_the_long_blocks()
    {
        var trend = new LossTrend();
        var random = new System.Random(3);
        LossRise? rise = null;
        for (int step = 1; step <= 4000 && rise is null; step++)
        {
            rise = trend.Add(step, 0.5 + (step * 1e-4) + ((random.NextDouble() - 0.5) * 0.2), 128);
        }

        Assert.NotNull(rise);
        Assert.True(rise.Value.LastLoss > rise.Value.FirstLoss);
    }

    [Fact]
    public void A_creeping_rise_below_five_percent_is_let_pass()
    {
        var trend = new LossTrend();
        for (int step = 1; step <= 12; step++)
        {
            Assert.Null(trend.Add(step, 0.5 + (step * 1e-4), 1_000_000));
        }
    }

    [Fact]
    public void What_is_no_number_is_left_out()
    {
        var trend = new LossTrend();
        Assert.Null(trend.Add(1, double.NaN, 100));
        Assert.Null(trend.Add(2, double.PositiveInfinity, 100));
        Assert.Null(trend.Add(3, 0.5, 0));
    }
}
