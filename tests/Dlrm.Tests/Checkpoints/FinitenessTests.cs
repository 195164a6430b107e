using Dlrm.Checkpoints;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

public sealed class FinitenessTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void One_bad_value_anywhere_is_found(float bad)
    {
        foreach (int length in (int[])[1, 3, 15, 16, 17, 63, 65])
        {
            for (int position = 0; position < length; position++)
            {
                float[] values = [.. Enumerable.Repeat(float.MaxValue, length)];
                values[position] = bad;
                Assert.False(Finiteness.AllFinite(values));
                values[position] = -float.Epsilon;
                Assert.True(Finiteness.AllFinite(values));
            }
        }

        Assert.True(Finiteness.AllFinite([]));
    }

    [Fact]
    public void Large_buffers_are_read_to_the_end()
    {
        using var values = new NativeBuffer<float>(200_001);
        Assert.True(Finiteness.AllFinite(values));
        values[200_000] = float.NaN;
        Assert.False(Finiteness.AllFinite(values));
    }

    [Fact]
    public void Parameters_are_checked_together()
    {
        using var model = new SampleModel(1);
        Assert.True(ModelFolder.AllFinite(model.Parameters));
        model.Parameters[^1].Value[2] = float.NegativeInfinity;
        Assert.False(ModelFolder.AllFinite(model.Parameters));
    }
}
