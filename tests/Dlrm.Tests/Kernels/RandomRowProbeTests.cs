using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Tests.Layers;
using Xunit;

namespace Dlrm.Tests.Kernels;

public sealed class RandomRowProbeTests
{
    public static TheoryData<InstructionSet> Sets => [.. InstructionSets.Supported];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Measuring_changes_no_value(InstructionSet set)
    {
        using var engine = new Engine(2, set);
        foreach (int dimension in new[] { 1, 16, 37, 64 })
        {
            using var first = new NativeBuffer<float>(500 * dimension);
            using var second = new NativeBuffer<float>(3 * dimension);
            LookupBatches.Randomize(first.Span, 1);
            LookupBatches.Randomize(second.Span, 2);
            float[] before = [.. first.Span, .. second.Span];
            using var probe = new RandomRowProbe(engine, [first, second], dimension, 100);
            Assert.Equal(200 * dimension * sizeof(float), probe.BytesRead);
            Assert.True(probe.Gather() > 0);
            Assert.True(probe.Update() > 0);
            float[] after = [.. first.Span, .. second.Span];
            Assert.Equal(before, after);
        }
    }

    [Fact]
    public void A_table_of_its_own_must_hold_a_row()
    {
        using var engine = new Engine(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomRowProbe(engine, 255, 64));
        using var probe = new RandomRowProbe(engine, 1 << 20);
        Assert.Equal(256L << 20, probe.BytesRead);
    }
}
