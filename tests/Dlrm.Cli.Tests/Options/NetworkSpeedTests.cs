using Dlrm.Cli.Options;
using Xunit;

namespace Dlrm.Cli.Tests.Options;

public sealed class NetworkSpeedTests
{
    [Theory]
    [InlineData("25Gbit", 25)]
    [InlineData("25G", 25)]
    [InlineData("100 Gbit/s", 100)]
    [InlineData("800Mbit", 0.8)]
    [InlineData("1.6Tbps", 1600)]
    public void Speeds_are_bits_a_second(string text, double gbit)
    {
        var kind = new NetworkSpeed();
        Assert.Equal(gbit, kind.Parse(text), 1e-9);
        Assert.Equal(gbit, kind.Parse(kind.Format(gbit)), 1e-9);
    }

    [Theory]
    [InlineData("")]
    [InlineData("25")]
    [InlineData("Gbit")]
    [InlineData("-1Gbit")]
    public void Other_texts_are_none(string text) => Assert.Throws<FormatException>(() => new NetworkSpeed().Parse(text));
}
