using CsCheck;
using Dlrm.Data;
using Xunit;

namespace Dlrm.Tests.Data;

public sealed class UniformSortTests
{
    [Fact]
    public void Equals_distinct_numbers_in_order()
    {
        var sort = new UniformSort(500);
        Gen<(int, int[])> input =
            from limit in Gen.OneOf(Gen.Int[1, 40], Gen.Int[1, int.MaxValue])
            from values in Gen.Int[0, limit - 1].Array[0, 500]
            select (limit, values);
        input.Sample(
            (limit, values) =>
            {
                int[] expected = [.. values.Distinct().Order()];
                int[] apart = new int[values.Length];
                Assert.Equal(expected, apart[..sort.SortDistinct(values, limit, apart)]);
                Assert.Equal(expected, values[..sort.SortDistinct(values, limit, values)]);
            },
            threads: 1);
    }
}
