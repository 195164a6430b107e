using CsCheck;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class NaturalLogTests
{
    [Fact]
    public void Agrees_with_the_C_library_to_two_units_in_the_last_place()
    {
        Gen.Double[-50, 3].Sample(exponent =>
        {
            double x = Math.Pow(10, exponent);
            double expected = Math.Log(x);
            double ulp = Math.BitIncrement(Math.Abs(expected)) - Math.Abs(expected);
            return Math.Abs(NaturalLog.Of(x) - expected) <= 2 * ulp;
        });
    }

    [Theory]
    [InlineData(1.0, 0.0)]
    [InlineData(2.0, 0.6931471805599453)]
    [InlineData(0.5, -0.6931471805599453)]
    [InlineData(10.0, 2.302585092994046)]
    [InlineData(1.0000000000000002, 2.220446049250313e-16)]
    [InlineData(0.9999999403953552, -5.960464655174753e-08)]
    public void Has_the_known_values(double x, double expected)
        => Assert.Equal(expected, NaturalLog.Of(x), Math.Abs(expected) * 3e-16);

    [Fact]
    public void Clamps_at_minus_a_hundred()
    {
        Assert.Equal(-100, NaturalLog.Clamped(0));
        Assert.Equal(-100, NaturalLog.Clamped(3.7e-44));
        Assert.Equal(Math.Log(3.8e-44), NaturalLog.Clamped(3.8e-44), 1e-13);
    }

    [Fact]
    public void Entropy_of_a_fair_coin_is_ln_2() => Assert.Equal(Math.Log(2), NaturalLog.Entropy(0.5), 1e-15);
}
