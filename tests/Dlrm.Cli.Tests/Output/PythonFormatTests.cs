using CsCheck;
using Dlrm.Cli.Output;
using Xunit;

namespace Dlrm.Cli.Tests.Output;

public class PythonFormatTests
{
    /// <summary>What Python 3 prints for <c>'{:.nf}'.format(x)</c>.</summary>
    [Theory]
    [InlineData(51.5625, 3, "51.562")]
    [InlineData(50.9375, 3, "50.938")]
    [InlineData(0.5, 0, "0")]
    [InlineData(1.5, 0, "2")]
    [InlineData(2.5, 0, "2")]
    [InlineData(-0.125, 2, "-0.12")]
    [InlineData(0.1, 6, "0.100000")]
    [InlineData(1.005, 2, "1.00")]
    [InlineData(2.675, 2, "2.67")]
    [InlineData(-1, 2, "-1.00")]
    [InlineData(1e22, 1, "10000000000000000000000.0")]
    [InlineData(5e-324, 3, "0.000")]
    [InlineData(double.NaN, 3, "nan")]
    [InlineData(double.NegativeInfinity, 3, "-inf")]
    public void A_number_is_written_as_Python_writes_it(double value, int digits, string expected) =>
        Assert.Equal(expected, PythonFormat.Fixed(value, digits));

    [Fact]
    public void Sixteenths_are_ties_and_go_to_the_even_digit() => Gen.Int[0, 100_000].Sample(n =>
    {
        decimal exact = n / 16m;
        Assert.Equal(
            Math.Round(exact, 3, MidpointRounding.ToEven).ToString("F3", System.Globalization.CultureInfo.InvariantCulture),
            PythonFormat.Fixed((double)exact, 3));
    });
}
