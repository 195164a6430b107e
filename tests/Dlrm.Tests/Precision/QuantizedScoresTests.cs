using System.Globalization;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Precision;

/// <summary>The scores of the reference's saved model, its tables or towers quantized (golden cases load-infer, -q8, -q4).</summary>
public sealed class QuantizedScoresTests
{
    /// <summary>Scores lie in (0, 1) and are sums of some hundred terms; PyTorch adds in another order.</summary>
    private const float Tolerance = 2e-6f;

    [Theory]
    [InlineData("load-infer", 32)]
    [InlineData("load-infer-q8", 8)]
    [InlineData("load-infer-q4", 4)]
    public void Scores_are_the_references(string name, int bits)
    {
        float[] expected = PyTorchQuantized.Scores(name);
        float[] scores = Score(new ModelPrecision { EmbeddingBits = bits });
        Assert.Equal(expected.Length, scores.Length);
        for (int i = 0; i < scores.Length; i++)
        {
            Assert.InRange(scores[i], expected[i] - Tolerance, expected[i] + Tolerance);
        }
    }

    /// <summary>
    /// PyTorch scores these sample by sample, so both choose a scale for each. A sum that lands beside a half may round to
    /// the other side of it and move a score by a step of the last layers, at most 1e-3 here; the mean is far below.
    /// </summary>
    [Fact]
    public void Towers_in_8_bits_score_as_PyTorchs_dynamic_quantization_does()
    {
        float[] expected = PyTorchQuantized.Scores("mlp-8");
        float[] scores = Score(new ModelPrecision { MlpBits = 8 })[..expected.Length];
        Assert.Equal(0, scores.Zip(expected).Max(pair => Math.Abs(pair.First - pair.Second)), 1e-3);
        Assert.Equal(0, scores.Zip(expected).Average(pair => Math.Abs(pair.First - pair.Second)), 1e-4);
    }

    [Fact]
    public void Towers_in_16_bits_score_close_to_32()
    {
        float[] expected = PyTorchQuantized.Scores("load-infer");
        float[] scores = Score(new ModelPrecision { MlpBits = 16 });
        float largest = scores.Zip(expected).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.InRange(largest, 1e-7f, 5e-4f);
    }

    private static string Option(string name) => PyTorchQuantized.Arguments
        .Single(argument => argument.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];

    private static int[] Sizes(string name) => [.. Option(name).Split('-').Select(size => int.Parse(size, CultureInfo.InvariantCulture))];

    private static float[] Score(ModelPrecision precision)
    {
        var config = new DlrmConfig
        {
            TableRows = Sizes("--arch-embedding-size"),
            EmbeddingDimension = Sizes("--arch-sparse-feature-size")[0],
            BottomMlp = Sizes("--arch-mlp-bot"),
            TopMlp = Sizes("--arch-mlp-top"),
        };
        var random = new NumpyRandom(Sizes("--numpy-rand-seed")[0]);
        var source = new RandomBatchSource(
            new RandomDataOptions
            {
                DenseFeatures = config.DenseFeatures,
                TableRows = config.TableRows,
                NumBatches = Sizes("--num-batches")[0],
                BatchSize = Sizes("--mini-batch-size")[0],
                RoundTargets = true,
                Seed = Sizes("--numpy-rand-seed")[0],
            },
            random);
        using var engine = new Engine(2);
        using var trained = new DlrmModel(config, engine, optimizer: null);
        trained.Initialize(random);
        foreach (Parameter parameter in trained.Parameters)
        {
            PyTorchQuantized.GoldenParameters[parameter.Name].CopyTo(parameter.Value.Span);
        }

        trained.ParametersChanged();
        using DlrmModel model = ModelQuantizer.Quantize(trained, precision);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        var scores = new List<float>();
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            scores.AddRange(model.Predict(batch));
        }

        return [.. scores];
    }
}
