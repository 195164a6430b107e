using System.Text.Json.Nodes;
using Dlrm.Memory;
using Dlrm.Random;
using Dlrm.Tests.Golden;
using Xunit;

namespace Dlrm.Tests.Random;

public sealed class TorchRandomTests
{
    [Fact]
    public void Draws_are_those_of_PyTorch()
    {
        using Stream stream = GoldenFiles.Open("units");
        JsonNode units = JsonNode.Parse(stream)!;
        JsonNode values = units["torch"]!["values"]!;
        var random = new TorchRandom(units["seed"]!.GetValue<long>());

        // EmbeddingBag(3, 2) and (7, 5): normals in pairs, then in blocks with a last one that is not whole.
        random.SkipNormal(6);
        random.SkipNormal(35);

        // Linear(5, 3): Kaiming's uniform with a = √5, as PyTorch computes it; then the bias.
        double bound = Math.Sqrt(3.0) * (Math.Sqrt(2.0 / 6) / Math.Sqrt(5));
        AssertUniform(values[2]!, random, -bound, bound);
        AssertUniform(values[3]!, random, -1 / Math.Sqrt(5), 1 / Math.Sqrt(5));

        // QREmbeddingBag(100, 4, 7).
        AssertUniform(values[4]!, random, Math.Sqrt(0.01), 1);
        AssertUniform(values[5]!, random, Math.Sqrt(0.01), 1);

        using var xavier = new NativeBuffer<float>(12);
        random.FillXavierUniform(xavier, 3, 4);
        Assert.Equal(GoldenCase.Floats(values[6]), xavier.Span.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(623)]
    [InlineData(624)]
    [InlineData(625)]
    [InlineData(5000)]
    public void Passing_over_uniforms_is_drawing_them(int count)
    {
        var drawn = new TorchRandom(7);
        var passed = new TorchRandom(7);
        drawn.FillUniform(new float[count], 0, 1);
        passed.SkipUniform(count);
        float[] expected = new float[700];
        float[] actual = new float[700];
        drawn.FillUniform(expected, 0, 1);
        passed.FillUniform(actual, 0, 1);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void The_second_normal_of_a_pair_waits_for_the_next_call()
    {
        var one = new TorchRandom(7);
        var two = new TorchRandom(7);
        one.SkipNormal(4);
        two.SkipNormal(1);
        two.SkipNormal(3);
        float[] expected = new float[3];
        float[] actual = new float[3];
        one.FillUniform(expected, 0, 1);
        two.FillUniform(actual, 0, 1);
        Assert.Equal(expected, actual);
    }

    private static void AssertUniform(JsonNode expected, TorchRandom random, double low, double high)
    {
        float[] values = new float[expected.AsArray().Count];
        random.FillUniform(values, low, high);
        Assert.Equal(GoldenCase.Floats(expected), values);
    }
}
