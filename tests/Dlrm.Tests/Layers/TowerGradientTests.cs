using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Tests.Kernels;
using Xunit;

namespace Dlrm.Tests.Layers;

/// <summary>
/// A tower with options against a twin in double precision: outputs, and every gradient as a central difference. The twin
/// sees a whole batch, and drops what <see cref="CounterRandom"/> says.
/// </summary>
public sealed class TowerGradientTests
{
    private const int Batch = 7;
    private const long Stream = 40;
    private static readonly int[] s_widths = [4, 35, 6, 3];
    private static readonly TowerPass s_pass = new(IsTraining: true, Seed: 9, Step: 3, FirstSample: 100);

    public static TheoryData<string, string, float> Kinds => new()
    {
        { "relu", "batch", 0 },
        { "relu", "layer", 0 },
        { "relu", "none", 0.375f },
        { "gelu", "none", 0 },
        { "silu", "none", 0 },
        { "tanh", "none", 0 },
        { "none", "none", 0 },
        { "gelu", "batch", 0.25f },
        { "silu", "layer", 0.25f },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gradients_are_central_differences_in_double_precision(string activation, string normalization, float dropout)
    {
        var options = new TowerOptions { Activation = activation, Normalization = normalization, Dropout = dropout };
        using var engine = new Engine(2);
        using var tower = new Mlp(engine, "t", s_widths, logitOutput: false, training: true, options: options, stream: Stream);
        var parameters = new Dictionary<string, double[]>();
        int seed = 1;
        foreach (Parameter parameter in tower.Parameters)
        {
            float[] values = Bits.Random((int)parameter.Value.Length, seed++, 0.9f);
            values.CopyTo(parameter.Value.Span);
            parameters[parameter.Name] = [.. values.Select(value => (double)value)];
        }

        tower.ParametersChanged();
        using var memory = new NativeBuffer<float>(4 * Batch * 4);
        MatrixView input = MatrixView.Over(memory, Batch, 4);
        MatrixView output = MatrixView.Over(memory, Batch, 3, Batch * 4);
        MatrixView outputGradient = MatrixView.Over(memory, Batch, 3, 2 * Batch * 4);
        MatrixView inputGradient = MatrixView.Over(memory, Batch, 4, 3 * Batch * 4);
        Bits.Random(Batch * 4, 90).CopyTo(memory.Slice(0, Batch * 4));
        Bits.Random(Batch * 3, 91).CopyTo(memory.Slice(2 * Batch * 4, Batch * 3));
        tower.ForwardPass(input, output, s_pass);
        tower.Backward(input, output, outputGradient, inputGradient);

        double[][] x = [.. Enumerable.Range(0, Batch).Select(row => input.Row(row).ToArray().Select(value => (double)value).ToArray())];
        double[][] expected = Twin(options, parameters, x);
        for (int row = 0; row < Batch; row++)
        {
            for (int column = 0; column < 3; column++)
            {
                Assert.Equal(expected[row][column], output.Row(row)[column], 2e-5);
            }

            for (int column = 0; column < 4; column++)
            {
                AssertSlope(() => Weighted(Twin(options, parameters, x), outputGradient), x[row], column, inputGradient.Row(row)[column], "x");
            }
        }

        foreach (Parameter parameter in tower.Parameters)
        {
            double[] values = parameters[parameter.Name];
            for (int place = 0; place < values.Length; place += 1 + (values.Length / 40))
            {
                AssertSlope(
                    () => Weighted(Twin(options, parameters, x), outputGradient), values, place, parameter.Gradient![place], parameter.Name);
            }
        }
    }

    private static void AssertSlope(Func<double> loss, double[] values, int place, float gradient, string name)
    {
        const double Step = 1e-6;
        double value = values[place];
        values[place] = value + Step;
        double above = loss();
        values[place] = value - Step;
        double below = loss();
        values[place] = value;
        double expected = (above - below) / (2 * Step);
        Assert.True(
            Math.Abs(expected - gradient) < 2e-5 * Math.Max(1, Math.Abs(expected)), $"{name} [{place}]: {gradient}; differences say {expected}.");
    }

    private static double Weighted(double[][] output, MatrixView weights)
    {
        double sum = 0;
        for (int row = 0; row < Batch; row++)
        {
            for (int column = 0; column < output[row].Length; column++)
            {
                sum += output[row][column] * weights.Row(row)[column];
            }
        }

        return sum;
    }

    private static double[][] Twin(TowerOptions options, Dictionary<string, double[]> parameters, double[][] x)
    {
        for (int layer = 0; layer + 1 < s_widths.Length; layer++)
        {
            bool isLast = layer + 2 == s_widths.Length;
            double[] weight = parameters[$"t.{2 * layer}.weight"];
            double[] bias = parameters[$"t.{2 * layer}.bias"];
            double[][] input = x;
            double[][] z =
            [
                .. input.Select(row => bias.Select((b, n) => b + row.Select((value, k) => value * weight[(n * row.Length) + k]).Sum()).ToArray()),
            ];
            if (!isLast && options.Normalization == "batch")
            {
                double[][] columns = [.. bias.Select((_, n) => Normalized([.. z.Select(row => row[n])]))];
                z = [.. z.Select((row, b) => row.Select((_, n) => columns[n][b]).ToArray())];
            }
            else if (!isLast && options.Normalization == "layer")
            {
                z = [.. z.Select(Normalized)];
            }

            if (!isLast && options.Normalization != "none")
            {
                double[] gamma = parameters[$"t.{2 * layer}.norm.weight"];
                double[] beta = parameters[$"t.{2 * layer}.norm.bias"];
                z = [.. z.Select(row => row.Select((value, n) => (value * gamma[n]) + beta[n]).ToArray())];
            }

            CounterKey key = CounterKey.Of(s_pass.Seed, s_pass.Step, Stream + layer);
            x =
            [
                .. z.Select((row, b) => row.Select((value, n) =>
                    Activate(options.Activation, value) * (isLast ? 1 : Kept(options.Dropout, key.At(s_pass.FirstSample + b), n))).ToArray()),
            ];
        }

        return x;
    }

    private static double Kept(double p, CounterKey key, int column) =>
        CounterRandom.Bits(key, (uint)column) >> 8 < p * (1 << 24) ? 0 : 1 / (1 - p);

    private static double[] Normalized(double[] values)
    {
        double mean = values.Average();
        double variance = values.Average(value => (value - mean) * (value - mean));
        return [.. values.Select(value => (value - mean) / Math.Sqrt(variance + HiddenKernel.Epsilon))];
    }

    private static double Activate(string name, double x) => name switch
    {
        "relu" => Math.Max(x, 0),
        "gelu" => x * 0.5 * (1 + Erf(x / Math.Sqrt(2))),
        "silu" => x / (1 + Math.Exp(-x)),
        "tanh" => Math.Tanh(x),
        _ => x,
    };

    /// <summary>The Taylor series: arguments are small here.</summary>
    private static double Erf(double x)
    {
        double term = x;
        double sum = x;
        for (int n = 1; n < 120; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }

        return Math.Abs(x) > 4 ? Math.Sign(x) : sum * 2 / Math.Sqrt(Math.PI);
    }
}
