using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class CompensatedSumTests
{
    [Fact]
    public void Keeps_what_a_plain_sum_loses()
    {
        var sum = default(CompensatedSum);
        foreach (double value in (double[])[1, 1e100, 1, -1e100])
        {
            sum.Add(value);
        }

        Assert.Equal(2, sum.Value);
    }

    [Fact]
    public void A_million_tenths_are_a_hundred_thousand()
    {
        var sum = default(CompensatedSum);
        for (int i = 0; i < 1_000_000; i++)
        {
            sum.Add(0.1);
        }

        Assert.Equal(100_000, sum.Value, 1e-10);
    }
}
