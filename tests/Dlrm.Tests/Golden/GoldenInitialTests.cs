using System.Runtime.InteropServices;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Golden;

public sealed class GoldenInitialTests
{
    public static TheoryData<string> Cases { get; } =
    [
        "readme", "readme-seed7", "dot", "dot-itself", "cat", "bce", "wbce", "bce-threshold", "sgd-bce-long", "ragged-last",
        "lookups-fixed", "gaussian", "lr-policy", "eval", "mlperf-eval", "epochs", "kaggle-shape", "adagrad", "rwsadagrad",
        "qr-mult", "qr-add", "qr-concat", "md", "md-round", "weighted-fixed", "weighted-learned",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Initial_parameters_are_those_of_the_reference(string name)
    {
        var golden = GoldenCase.Load(name);
        long seed = (long)golden.Number("--numpy-rand-seed", 123);
        using var engine = new Engine(threads: 1);
        using var model = new DlrmModel(
            GoldenRun.Config(golden, golden.Sizes("--arch-embedding-size", "4-3-2")), engine, optimizer: null);
        model.Initialize(new NumpyRandom(seed), new TorchRandom(seed));
        Assert.Equal(
            golden.Parameters.Select(entry => $"{entry.Name} {string.Join('x', entry.Shape)}"),
            model.Parameters.Select(parameter => $"{parameter.Name} {string.Join('x', parameter.Shape)}"));
        foreach (Parameter parameter in model.Parameters)
        {
            AssertSameBits(golden.Initial[parameter.Name], parameter.Value.Span);
        }
    }

    private static void AssertSameBits(GoldenTensor expected, ReadOnlySpan<float> actual)
    {
        if (expected.Values is not null)
        {
            Assert.Equal(Bits(expected.Values), Bits(actual));
            return;
        }

        Assert.Equal(Bits(expected.First), Bits(actual[..expected.First.Length]));
        Assert.Equal(Bits(expected.Last), Bits(actual[^expected.Last.Length..]));
        double sum = 0;
        double absoluteSum = 0;
        foreach (float value in actual)
        {
            sum += value;
            absoluteSum += Math.Abs(value);
        }

        // PyTorch adds in another order: the sums agree to the rounding of double precision, not to the bit.
        double tolerance = 1e-13 * expected.AbsoluteSum;
        Assert.Equal(expected.Sum, sum, tolerance);
        Assert.Equal(expected.AbsoluteSum, absoluteSum, tolerance);
    }

    private static int[] Bits(ReadOnlySpan<float> values) => MemoryMarshal.Cast<float, int>(values).ToArray();
}
