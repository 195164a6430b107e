using CsCheck;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Random;

public sealed class ReproducibleLogTests
{
    // The nearest doubles to the true logarithms, by decimal arithmetic of 60 digits (Python's decimal).
    [Theory]
    [InlineData(1.0, 0.0)]
    [InlineData(0.5, -0.6931471805599453)]
    [InlineData(2.0, 0.6931471805599453)]
    [InlineData(0.1, -2.3025850929940455)]
    [InlineData(0.7071067811865475, -0.34657359027997275)]
    [InlineData(0.7071067811865476, -0.3465735902799726)]
    [InlineData(0.9999999999999999, -1.1102230246251565e-16)]
    [InlineData(4.930380657631324e-32, -72.0873067782343)]
    [InlineData(0.6666666666666666, -0.40546510810816444)]
    [InlineData(0.3, -1.2039728043259361)]
    [InlineData(0.98, -0.020202707317519466)]
    [InlineData(1.414213562373095, 0.3465735902799726)]
    [InlineData(2.2250738585072014e-308, -708.3964185322641)]
    [InlineData(1.7976931348623157e+308, 709.782712893384)]
    public void Known_logarithms_are_exact(double x, double expected) => Assert.Equal(expected, ReproducibleLog.Log(x));

    [Fact]
    public void Agrees_with_the_C_library_to_one_unit_in_the_last_place()
    {
        Gen.Double[1e-32, 4].Sample(x =>
        {
            double expected = Math.Log(x);
            double actual = ReproducibleLog.Log(x);
            return Math.Abs(BitConverter.DoubleToInt64Bits(expected) - BitConverter.DoubleToInt64Bits(actual)) <= 1;
        });
    }
}
