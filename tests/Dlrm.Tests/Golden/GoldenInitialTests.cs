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
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Initial_parameters_are_those_of_the_reference(string name)
    {
        var golden = GoldenCase.Load(name);
        List<Parameter> parameters =
            [.. golden.Parameters.Select(entry => new Parameter(entry.Name, entry.Shape, dense: false))];
        try
        {
            ParameterInitializer.Initialize(
                new NumpyRandom((long)golden.Number("--numpy-rand-seed", 123)),
                Named(parameters, "emb_l."),
                Named(parameters, "bot_l."),
                Named(parameters, "top_l."));
            foreach (Parameter parameter in parameters)
            {
                AssertSameBits(golden.Initial[parameter.Name], parameter.Value.Span);
            }
        }
        finally
        {
            parameters.ForEach(parameter => parameter.Dispose());
        }
    }

    private static List<Parameter> Named(List<Parameter> parameters, string prefix)
        => [.. parameters.Where(parameter => parameter.Name.StartsWith(prefix, StringComparison.Ordinal))];

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
