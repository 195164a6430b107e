using CsCheck;
using Dlrm.Reports.Charts;
using Xunit;

namespace Dlrm.Reports.Tests.Charts;

public sealed class AxisTicksTests
{
    [Theory]
    [InlineData(0.453, 0.693, 5, "0.45 0.50 0.55 0.60 0.65 0.70")]
    [InlineData(0, 0.97, 5, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(0, 12.1, 5, "0.0 2.5 5.0 7.5 10.0 12.5")]
    [InlineData(-0.3, 0.4, 5, "-0.4 -0.2 0.0 0.2 0.4")]
    [InlineData(1200, 8800, 4, "0 2000 4000 6000 8000 10000")]
    public void Axes_end_on_round_ticks(double low, double high, int ticks, string expected)
    {
        AxisTicks axis = AxisTicks.Around(low, high, ticks);
        Assert.Equal(expected, string.Join(' ', axis.Values.Select(axis.Label)));
    }

    [Fact]
    public void An_axis_holds_its_values_with_a_sane_number_of_ticks()
    {
        Gen.Select(Gen.Double[-1e6, 1e6], Gen.Double[1e-6, 1e6]).Sample((low, length) =>
        {
            AxisTicks axis = AxisTicks.Around(low, low + length, 5);
            int ticks = axis.Values.Count();
            return axis.Start <= low + (1e-9 * axis.Step) && axis.End >= low + length - (1e-6 * axis.Step) && ticks is >= 3 and <= 9;
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(-3e9)]
    public void A_single_value_gets_room_around_it(double value)
    {
        AxisTicks axis = AxisTicks.Around(value, value, 5);
        Assert.True(axis.Start < value && value < axis.End);
        Assert.InRange(axis.Values.Count(), 3, 9);
    }

    [Fact]
    public void Exact_axes_keep_their_ends_and_whole_ones_their_steps()
    {
        AxisTicks axis = AxisTicks.Exactly(0, 768, 6, whole: true);
        Assert.Equal((0, 768), (axis.Start, axis.End));
        Assert.Equal([0, 200, 400, 600], axis.Values);
        Assert.Equal([0, 1, 2, 3], AxisTicks.Exactly(0, 3, 6, whole: true).Values);
        Assert.Equal([0, 1], AxisTicks.Exactly(0, 0, 6, whole: true).Values);
    }
}
