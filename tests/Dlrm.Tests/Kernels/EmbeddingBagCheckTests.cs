using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Tests.Kernels;

public sealed class EmbeddingBagCheckTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(10)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void A_bad_index_is_found_at_every_place(int bad)
    {
        for (int length = 0; length < 70; length++)
        {
            int[] indices = [.. Enumerable.Range(0, length).Select(place => place % 10)];
            Assert.True(EmbeddingBagCheck.AreInRange(indices, 10));
            for (int place = 0; place < length; place++)
            {
                int good = indices[place];
                indices[place] = bad;
                Assert.False(EmbeddingBagCheck.AreInRange(indices, 10));
                indices[place] = good;
            }
        }
    }

    [Fact]
    public void A_descent_is_found_at_every_place()
    {
        for (int length = 1; length < 70; length++)
        {
            int[] offsets = [.. Enumerable.Range(0, length).Select(place => place / 2)];
            Assert.True(EmbeddingBagCheck.Ascend(offsets));
            for (int place = 0; place < length - 1; place++)
            {
                int good = offsets[place];
                offsets[place] = offsets[place + 1] + 1;
                Assert.False(EmbeddingBagCheck.Ascend(offsets));
                offsets[place] = good;
            }
        }
    }
}
