using Dlrm.Layers;
using Xunit;

namespace Dlrm.Tests.Layers;

/// <summary>Sample weights: the mean over the batch of weight times loss.</summary>
public sealed class WeightedLossTests
{
    public static TheoryData<string> Names => [.. Losses.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Weights_of_one_change_no_bit(string name)
    {
        (float[] logits, float[] labels) = Samples();
        (float plain, float[] gradient) = Compute(name, logits, labels, []);
        (float weighted, float[] weightedGradient) = Compute(name, logits, labels, [.. logits.Select(_ => 1f)]);

        Assert.Equal(gradient, weightedGradient);
        Assert.Equal(plain, weighted, 1e-7f);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_weight_counts_like_so_many_samples(string name)
    {
        (float[] logits, float[] labels) = Samples();
        float[] weights = [.. logits.Select((_, sample) => (float)(sample % 3))];
        (float weighted, float[] gradient) = Compute(name, logits, labels, weights);
        int[] repeated = [.. Enumerable.Range(0, logits.Length).SelectMany(sample => Enumerable.Repeat(sample, sample % 3))];
        (float mean, float[] single) = Compute(
            name, [.. repeated.Select(sample => logits[sample])], [.. repeated.Select(sample => labels[sample])], []);

        double scale = (double)repeated.Length / logits.Length;
        Assert.Equal(mean * scale, weighted, 1e-5 * weighted);
        for (int place = 0; place < repeated.Length; place++)
        {
            Assert.Equal(single[place] * scale * weights[repeated[place]], gradient[repeated[place]], 1e-6);
        }
    }

    private static (float[] Logits, float[] Labels) Samples()
    {
        var random = new System.Random(4);
        float[] logits = [.. Enumerable.Range(0, 700).Select(_ => (random.NextSingle() * 8) - 4)];
        return (logits, [.. logits.Select(_ => (float)random.Next(2))]);
    }

    private static (float Loss, float[] Gradient) Compute(string name, float[] logits, float[] labels, float[] weights)
    {
        using var engine = new Engine(1);
        var gradient = new float[logits.Length];
        float loss = Losses.Create(name, 0, [1.5, 0.25]).ComputeWeighted(engine, logits, labels, weights, new float[logits.Length], gradient);
        return (loss, gradient);
    }
}
