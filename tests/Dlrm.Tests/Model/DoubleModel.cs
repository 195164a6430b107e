using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Tests.Model;

/// <summary>The forward pass of a DLRM in plain loops over double precision: the oracle of gradient checks.</summary>
internal sealed class DoubleModel(DlrmConfig config)
{
    /// <summary>Values by parameter name.</summary>
    public Dictionary<string, double[]> Parameters { get; } = [];

    public static DoubleModel Of(DlrmModel model)
    {
        var twin = new DoubleModel(model.Config);
        foreach (Parameter parameter in model.Parameters)
        {
            twin.Parameters[parameter.Name] = [.. parameter.Value.Span.ToArray().Select(value => (double)value)];
        }

        return twin;
    }

    /// <summary>The mean loss over a batch.</summary>
    public double Loss(Batch batch)
    {
        double sum = 0;
        for (int sample = 0; sample < batch.Size; sample++)
        {
            double label = batch.Labels[sample];
            double p = 1 / (1 + Math.Exp(-Logit(batch, sample)));
            double crossEntropy = -((label * Math.Log(p)) + ((1 - label) * Math.Log(1 - p)));
            sum += config.Loss switch
            {
                "mse" => (p - label) * (p - label),
                "bce" => crossEntropy,
                _ => config.LossWeights[(int)label] * crossEntropy,
            };
        }

        return sum / batch.Size;
    }

    private double Logit(Batch batch, int sample)
    {
        int width = config.DenseFeatures;
        double[] dense = [.. batch.Dense.Slice(sample * width, width).ToArray().Select(value => (double)value)];
        var features = new List<double[]> { Tower("bot_l", config.BottomMlp, dense, lastIsLogit: false) };
        for (int table = 0; table < config.TableRows.Count; table++)
        {
            features.Add(Pool(batch, table, sample));
        }

        return Tower("top_l", config.TopWidths(), Interact(features), lastIsLogit: true)[0];
    }

    private double[] Pool(Batch batch, int table, int sample)
    {
        var pooled = new double[config.EmbeddingDimension];
        double[] rows = Parameters[$"emb_l.{table}.weight"];
        for (int lookup = batch.Offsets(table)[sample]; lookup < batch.Offsets(table)[sample + 1]; lookup++)
        {
            for (int k = 0; k < pooled.Length; k++)
            {
                pooled[k] += rows[(batch.Indices(table)[lookup] * pooled.Length) + k];
            }
        }

        return pooled;
    }

    private double[] Interact(List<double[]> features) => config.Interaction switch
    {
        "cat" => [.. features.SelectMany(feature => feature)],
        "dcn" => Cross([.. features.SelectMany(feature => feature)]),
        "sum" => [.. features[0], .. features[0].Select((_, k) => features.Skip(1).Sum(feature => feature[k]))],
        "dot-dense" => [.. features[0], .. features.Skip(1).Select(feature => Dot(features[0], feature))],
        _ => [.. features[0], .. Pairs(features)],
    };

    private double[] Cross(double[] first)
    {
        double[] x = first;
        for (int layer = 0; layer < config.Cross!.Layers; layer++)
        {
            double[] low = Product(Parameters[$"inter.V_kernels.{layer}"], x);
            double[] factor = Product(Parameters[$"inter.W_kernels.{layer}"], low);
            double[] bias = Parameters[$"inter.bias.{layer}"];
            double[] input = x;
            x = [.. first.Select((value, k) => (value * (factor[k] + bias[k])) + input[k])];
        }

        return x;
    }

    private static double[] Product(double[] weight, double[] input) =>
        [.. Enumerable.Range(0, weight.Length / input.Length).Select(row => Dot(weight.AsSpan(row * input.Length, input.Length), input))];

    private IEnumerable<double> Pairs(List<double[]> features)
    {
        for (int i = 0; i < features.Count; i++)
        {
            for (int j = 0; j < i + (config.InteractionItself ? 1 : 0); j++)
            {
                yield return Dot(features[i], features[j]);
            }
        }
    }

    private double[] Tower(string prefix, IReadOnlyList<int> widths, double[] input, bool lastIsLogit)
    {
        for (int layer = 0; layer + 1 < widths.Count; layer++)
        {
            double[] weight = Parameters[$"{prefix}.{2 * layer}.weight"];
            double[] bias = Parameters[$"{prefix}.{2 * layer}.bias"];
            var output = new double[widths[layer + 1]];
            for (int row = 0; row < output.Length; row++)
            {
                double sum = bias[row] + Dot(weight.AsSpan(row * input.Length, input.Length), input);
                output[row] = lastIsLogit && layer + 2 == widths.Count ? sum : Math.Max(sum, 0);
            }

            input = output;
        }

        return input;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int k = 0; k < a.Length; k++)
        {
            sum += a[k] * b[k];
        }

        return sum;
    }
}
