using System.Text.Json;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Tests.Golden;

/// <summary>
/// The low-rank cross network beside a plain PyTorch implementation in double precision: three layers of width 16 and rank
/// 4 on six samples, loss = mean(y²).
/// </summary>
public sealed class GoldenCrossTests
{
    private const int Features = 4;
    private const int Dimension = 4;
    private const int Layers = 3;
    private const int Rank = 4;
    private const int Samples = 6;
    private const int Width = Features * Dimension;

    private static readonly JsonElement s_case = Read();

    /// <summary>Every instruction set of this processor.</summary>
    public static TheoryData<InstructionSet> Sets => [.. Enum.GetValues<InstructionSet>().Where(InstructionSets.IsSupported)];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Output_loss_and_every_gradient_are_PyTorchs(InstructionSet set)
    {
        using var engine = new Engine(2, set);
        using var cross = new CrossInteraction(Features, Dimension, Layers, Rank);
        cross.Allocate(engine, training: true);
        for (int layer = 0; layer < Layers; layer++)
        {
            Fill("W", layer, cross.Parameters[3 * layer].Value.Span);
            Fill("V", layer, cross.Parameters[(3 * layer) + 1].Value.Span);
            Fill("b", layer, cross.Parameters[(3 * layer) + 2].Value.Span);
        }

        cross.ParametersChanged();
        using var x = new NativeBuffer<float>(Samples * Width);
        using var y = new NativeBuffer<float>(Samples * Width);
        using var dy = new NativeBuffer<float>(Samples * Width);
        using var dx = new NativeBuffer<float>(Samples * Width);
        Numbers("x").Select(number => (float)number).ToArray().CopyTo(x.Span);
        cross.Reserve(Samples);
        cross.Forward(engine, MatrixView.Over(x, Samples, Width), MatrixView.Over(y, Samples, Width));

        double loss = 0;
        for (int i = 0; i < y.Length; i++)
        {
            loss += (double)y[i] * y[i] / y.Length;
            dy[i] = 2 * y[i] / y.Length;
        }

        cross.Backward(
            engine, MatrixView.Over(x, Samples, Width), MatrixView.Over(dy, Samples, Width), MatrixView.Over(dx, Samples, Width));

        Close([s_case.GetProperty("loss").GetDouble()], [(float)loss], "loss");
        Close(Numbers("y"), y.Span, "y");
        Close(Numbers("dx"), dx.Span, "dx");
        for (int layer = 0; layer < Layers; layer++)
        {
            Close(Numbers("dW", layer), cross.Parameters[3 * layer].Gradient!.Span, $"dW {layer}");
            Close(Numbers("dV", layer), cross.Parameters[(3 * layer) + 1].Gradient!.Span, $"dV {layer}");
            Close(Numbers("db", layer), cross.Parameters[(3 * layer) + 2].Gradient!.Span, $"db {layer}");
        }
    }

    private static void Fill(string name, int layer, Span<float> target) =>
        Numbers(name, layer).Select(number => (float)number).ToArray().CopyTo(target);

    /// <summary>Within 1e-5 of the largest number: y reaches thousands here, so its small elements are differences of large ones.</summary>
    private static void Close(double[] expected, ReadOnlySpan<float> actual, string name)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                Math.Abs(expected[i] - actual[i]) <= 1e-5 * scale, $"{name}[{i}] is {actual[i]}; PyTorch's is {expected[i]}.");
        }
    }

    private static double[] Numbers(string name, int? layer = null)
    {
        JsonElement array = s_case.GetProperty(name);
        return [.. Flatten(layer is { } index ? array[index] : array)];
    }

    private static IEnumerable<double> Flatten(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? element.EnumerateArray().SelectMany(Flatten)
        : [element.GetDouble()];

    private static JsonElement Read()
    {
        using Stream stream = GoldenFiles.Open("dcn");
        using JsonDocument document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
