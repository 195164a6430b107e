using CsCheck;
using Xunit;

namespace Dlrm.Data.Tests;

/// <summary>The logarithm against the platform's, in double precision and rounded.</summary>
public sealed class LogarithmOfOnePlusTests
{
    [Fact]
    public void Is_the_correctly_rounded_logarithm() =>
        Gen.OneOf(Gen.Int[0, 5000], Gen.Int[0, int.MaxValue]).Sample(value =>
            Assert.Equal((float)Math.Log((float)value + 1f), LogarithmOfOnePlus.Of(value)), iter: 100_000);

    [Theory]
    [InlineData(0, 0f)]
    [InlineData(-1, 0f)]
    [InlineData(int.MinValue, 0f)]
    [InlineData(1, 0.6931472f)]
    [InlineData(int.MaxValue, 21.487562f)]
    public void Negative_numbers_count_as_nought(int value, float expected) =>
        Assert.Equal(expected, LogarithmOfOnePlus.Of(value));
}
