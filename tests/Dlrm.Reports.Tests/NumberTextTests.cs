using Xunit;

namespace Dlrm.Reports.Tests;

public sealed class NumberTextTests
{
    [Theory]
    [InlineData(null, "undefined")]
    [InlineData(0.0, "0")]
    [InlineData(0.73164, "0.7316")]
    [InlineData(0.0036, "0.0036")]
    [InlineData(0.00012345, "0.000123")]
    [InlineData(-1.5, "-1.5000")]
    [InlineData(123456.0, "1.23E+05")]
    public void Metrics_have_four_decimals_or_three_digits(double? value, string expected)
        => Assert.Equal(expected, NumberText.Metric(value));

    [Theory]
    [InlineData(900, "900")]
    [InlineData(9000, "9,000")]
    [InlineData(25000, "25k")]
    [InlineData(1_500_000, "1.5M")]
    [InlineData(2e9, "2G")]
    public void Axis_counts_are_short(double value, string expected) => Assert.Equal(expected, NumberText.ShortCount(value));

    [Theory]
    [InlineData(0.0052, "5 ms")]
    [InlineData(41.23, "41.2 s")]
    [InlineData(125, "2 min 5 s")]
    [InlineData(93780, "26 h 3 min")]
    public void Durations_use_their_largest_units(double seconds, string expected)
        => Assert.Equal(expected, NumberText.Duration(TimeSpan.FromSeconds(seconds)));
}
