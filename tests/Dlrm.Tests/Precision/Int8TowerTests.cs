using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Tests.Precision;

/// <summary>Towers in 8 bits with other activations and normalization between their layers.</summary>
public sealed class Int8TowerTests
{
    private const int Batch = 11;
    private static readonly int[] s_widths = [21, 37, 19, 5];

    /// <summary>The layers of a tower one by one, each alone in 8 bits, with what stands between them computed in double precision.</summary>
    [Theory]
    [InlineData("gelu", "none")]
    [InlineData("silu", "none")]
    [InlineData("tanh", "layer")]
    [InlineData("relu", "batch")]
    [InlineData("none", "layer")]
    public void What_stands_between_the_layers_is_that_of_single_precision(string activation, string normalization)
    {
        var options = new TowerOptions { Activation = activation, Normalization = normalization, Dropout = 0.5f };
        float[] expected = Twin(options);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            foreach (int threads in (int[])[1, 3])
            {
                float[] scores = Scores(options, set, threads);
                for (int i = 0; i < scores.Length; i++)
                {
                    // A rounding of a hidden number that falls the other way moves an output by a step of its layer.
                    Assert.Equal(expected[i], scores[i], 0.02f);
                }

                Assert.Equal(Scores(options, InstructionSet.Portable, 1), scores);
            }
        }
    }

    private static float[] Scores(TowerOptions options, InstructionSet set, int threads)
    {
        using var engine = new Engine(threads, set);
        using var tower = new Mlp(engine, "t", s_widths, logitOutput: false, training: false, StorageFormat.Int8, options);
        foreach (Parameter parameter in tower.Parameters)
        {
            if (parameter.Storage == StorageFormat.Int8)
            {
                string scale = parameter.Name + ".scale";
                tower.Parameters.First(other => other.Name == scale).Value[0] =
                    Int8Layer.Quantize(Values(parameter.Name, (int)parameter.Elements), parameter.Packed.Span);
            }
            else if (!parameter.Name.EndsWith(".scale", StringComparison.Ordinal))
            {
                Values(parameter.Name, (int)parameter.Elements).CopyTo(parameter.Value.Span);
            }
        }

        foreach (Parameter buffer in tower.Buffers)
        {
            Values(buffer.Name, (int)buffer.Elements).CopyTo(buffer.Value.Span);
        }

        tower.ParametersChanged();
        return Forward(tower, Values("input", Batch * s_widths[0]));
    }

    private static float[] Twin(TowerOptions options)
    {
        using var engine = new Engine(1);
        float[] x = Values("input", Batch * s_widths[0]);
        for (int layer = 0; layer + 1 < s_widths.Length; layer++)
        {
            int width = s_widths[layer + 1];
            using var alone = new Mlp(engine, "t", [s_widths[layer], width], logitOutput: true, training: false, StorageFormat.Int8);
            Parameter weight = alone.Parameters[0];
            alone.Parameters[1].Value[0] = Int8Layer.Quantize(Values($"t.{2 * layer}.weight", (int)weight.Elements), weight.Packed.Span);
            Values($"t.{2 * layer}.bias", width).CopyTo(alone.Parameters[2].Value.Span);
            alone.ParametersChanged();
            x = Forward(alone, x);
            for (int sample = 0; sample < Batch; sample++)
            {
                Between(options, $"t.{2 * layer}.norm.", isLast: layer + 2 == s_widths.Length, x.AsSpan(sample * width, width));
            }
        }

        return x;
    }

    /// <summary>The last layer of a bottom tower is not normalized.</summary>
    private static void Between(TowerOptions options, string name, bool isLast, Span<float> row)
    {
        double[] values = [.. row.ToArray().Select(value => (double)value)];
        if (options.Normalization != "none" && !isLast)
        {
            float[] weight = Values(name + "weight", row.Length);
            float[] bias = Values(name + "bias", row.Length);
            float[] means = Values(name + "running_mean", row.Length);
            float[] variances = Values(name + "running_var", row.Length);
            double mean = values.Average();
            double variance = values.Average(value => (value - mean) * (value - mean));
            bool byRow = options.Normalization == "layer";
            values = [.. values.Select((value, i) =>
                ((value - (byRow ? mean : means[i])) / Math.Sqrt((byRow ? variance : variances[i]) + 1e-5) * weight[i]) + bias[i])];
        }

        for (int i = 0; i < row.Length; i++)
        {
            double z = values[i];
            row[i] = (float)(options.Activation switch
            {
                "relu" => Math.Max(0, z),
                "silu" => z / (1 + Math.Exp(-z)),
                "tanh" => Math.Tanh(z),
                "gelu" => z * NormalDistribution(z),
                _ => z,
            });
        }
    }

    /// <summary>Φ by its Taylor series around 0, for |z| of a few.</summary>
    private static double NormalDistribution(double z)
    {
        double term = z;
        double sum = z;
        for (int k = 1; k < 200; k++)
        {
            term *= -z * z / (2 * k);
            sum += term / ((2 * k) + 1);
        }

        return 0.5 + (sum / Math.Sqrt(2 * Math.PI));
    }

    /// <summary>Fixed numbers of a name: around 0; weights and variances of normalization around 1.</summary>
    private static float[] Values(string name, int count)
    {
        var random = new System.Random(name.Aggregate(17, (hash, letter) => (hash * 31) + letter));
        bool aroundOne = name.EndsWith("norm.weight", StringComparison.Ordinal) || name.EndsWith("running_var", StringComparison.Ordinal);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() - 0.5f) + (aroundOne ? 1 : 0))];
    }

    private static float[] Forward(Mlp tower, float[] input)
    {
        using var x = new NativeBuffer<float>(input.Length);
        input.CopyTo(x.Span);
        using var y = new NativeBuffer<float>(Batch * tower.OutputWidth);
        tower.Forward(MatrixView.Over(x, Batch, tower.InputWidth), MatrixView.Over(y, Batch, tower.OutputWidth));
        return y.Span.ToArray();
    }
}
