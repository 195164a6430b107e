using Dlrm.Distributed.Planning;
using Xunit;

namespace Dlrm.Tests.Distributed.Planning;

public sealed class NonNegativeFitTests
{
    [Fact]
    public void Prices_that_explain_all_times_are_found()
    {
        double[][] units = [[1e6, 10, 1], [2e6, 500, 1], [5e3, 700, 1], [4e5, 3, 8]];
        double[] times = [.. units.Select(unit => (0.5 * unit[0]) + (30 * unit[1]) + (2000 * unit[2]))];
        double[] found = NonNegativeFit.Solve(units, times);
        for (int i = 0; i < times.Length; i++)
        {
            Assert.Equal(times[i], units[i].Zip(found, (unit, price) => unit * price).Sum(), 0.01 * times[i]);
        }
    }

    [Fact]
    public void A_term_that_would_have_to_be_negative_is_free()
    {
        double[] found = NonNegativeFit.Solve([[1, 1], [2, 1], [4, 1]], [1, 3, 7]); // 2 · x − 1
        Assert.Equal(0, found[1]);
        Assert.True(found[0] > 1);
    }

    [Fact]
    public void A_term_without_units_is_free() => Assert.Equal(0, NonNegativeFit.Solve([[1, 0], [2, 0]], [3, 6])[1]);
}
