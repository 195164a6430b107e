using System.Text.Json.Nodes;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Tests.Kernels;
using Xunit;

namespace Dlrm.Tests.Precision;

public sealed class Int8KernelTests
{
    [Fact]
    public void Weights_and_row_scales_are_PyTorchs()
    {
        foreach (JsonObject item in PyTorchQuantized.Layers)
        {
            float[] weights = PyTorchQuantized.Floats(item["weight"]);
            byte[] bytes = new byte[weights.Length];
            Assert.Equal((float)item["scale"]!.GetValue<double>(), Int8Layer.Quantize(weights, bytes));
            Assert.Equal(PyTorchQuantized.Bytes(item["int8"]), bytes);

            int inputs = item["inputs"]!.GetValue<int>();
            float[][] rows = [.. PyTorchQuantized.Floats(item["x"]).Chunk(inputs)];
            for (int row = 0; row < rows.Length; row++)
            {
                ByteScale scale = Int8Kernel.ScaleOf(rows[row].Min(), rows[row].Max());
                Assert.Equal((float)item["qparams"]![row]![0]!.GetValue<double>(), scale.Scale, 1e-7f * scale.Scale);
                Assert.Equal(item["qparams"]![row]![1]!.GetValue<int>(), scale.Zero);
            }
        }
    }

    [Fact]
    public void A_layer_gives_what_PyTorchs_dynamically_quantized_Linear_gives()
    {
        foreach (JsonObject item in PyTorchQuantized.Layers)
        {
            int inputs = item["inputs"]!.GetValue<int>();
            int outputs = item["outputs"]!.GetValue<int>();
            float[] x = PyTorchQuantized.Floats(item["x"]);
            float[] expected = PyTorchQuantized.Floats(item["y"]);
            float[] y = Forward(InstructionSets.Supported[^1], 1, x, inputs, outputs, PyTorchQuantized.Floats(item["weight"]), PyTorchQuantized.Floats(item["bias"]), relu: false);
            for (int i = 0; i < y.Length; i++)
            {
                Assert.Equal(expected[i], y[i], 2e-6f);
            }
        }
    }

    [Fact]
    public void Every_instruction_set_and_number_of_threads_gives_the_bits_of_the_twin()
    {
        foreach ((int rows, int inputs, int outputs) in new[] { (1, 1, 1), (3, 5, 2), (9, 33, 17), (70, 64, 16), (67, 130, 40), (8, 32, 32) })
        {
            float[] x = Bits.Random(rows * inputs, 1);
            float[] weight = Bits.Random(outputs * inputs, 2);
            float[] bias = Bits.Random(outputs, 3);
            float[] expected = Twin(x, inputs, outputs, weight, bias);
            foreach (InstructionSet set in InstructionSets.Supported)
            {
                foreach (int threads in (int[])[1, 3])
                {
                    Bits.AssertSame(expected, Forward(set, threads, x, inputs, outputs, weight, bias, relu: true));
                }
            }
        }
    }

    /// <summary>The widening paths that this processor's own instruction stands in for: exact at the extremes too.</summary>
    [Fact]
    public void Sums_of_extremes_are_exact()
    {
        unsafe
        {
            byte* u = stackalloc byte[64];
            sbyte* s = stackalloc sbyte[64];
            new Span<byte>(u, 64).Fill(255);
            new Span<sbyte>(s, 64).Fill(-128);
            foreach (int sum in new[] { Sum<DotScalar>(u, s), Sum<Dot128>(u, s) })
            {
                Assert.Equal(7 + (4 * 255 * -128), sum);
            }

            if (InstructionSets.IsSupported(InstructionSet.Avx2))
            {
                Assert.Equal(7 + (4 * 255 * -128), Sum<Dot256>(u, s));
            }

            if (InstructionSets.IsSupported(InstructionSet.Avx512))
            {
                Assert.Equal(7 + (4 * 255 * -128), Sum<Dot512>(u, s));
            }
        }
    }

    private static unsafe int Sum<TDot>(byte* unsigned, sbyte* signed)
        where TDot : unmanaged, IDotLanes<TDot>
    {
        int* sums = stackalloc int[16];
        int* seven = stackalloc int[16];
        new Span<int>(seven, 16).Fill(7);
        TDot.Store(TDot.Dot(TDot.Load((sbyte*)seven), TDot.Broadcast(*(int*)unsigned), TDot.Load(signed)), sums);
        return sums[TDot.Lanes - 1];
    }

    private static float[] Forward(
        InstructionSet set, int threads, float[] x, int inputs, int outputs, float[] weight, float[] bias, bool relu)
    {
        using var engine = new Engine(threads, set);
        int rows = x.Length / inputs;
        using var tower = new Mlp(engine, "t", [inputs, outputs], logitOutput: !relu, training: false, StorageFormat.Int8);
        Parameter stored = tower.Parameters[0];
        tower.Parameters[1].Value[0] = Int8Layer.Quantize(weight, stored.Packed.Span);
        bias.CopyTo(tower.Parameters[2].Value.Span);
        tower.ParametersChanged();
        using var input = new NativeBuffer<float>(x.Length);
        using var output = new NativeBuffer<float>((long)rows * outputs);
        x.CopyTo(input.Span);
        tower.Forward(MatrixView.Over(input, rows, inputs), MatrixView.Over(output, rows, outputs));
        return output.Span.ToArray();
    }

    private static float[] Twin(float[] x, int inputs, int outputs, float[] weight, float[] bias)
    {
        byte[] w = new byte[weight.Length];
        float weightScale = Int8Layer.Quantize(weight, w);
        var y = new List<float>();
        foreach (float[] row in x.Chunk(inputs))
        {
            ByteScale scale = Int8Kernel.ScaleOf(row.Min(), row.Max());
            int[] q = [.. row.Select(value => (int)Math.Clamp(MathF.Round(value * (1 / scale.Scale), MidpointRounding.ToEven) + scale.Zero, 0, 255))];
            for (int output = 0; output < outputs; output++)
            {
                int sum = Enumerable.Range(0, inputs).Sum(k => (q[k] - scale.Zero) * (sbyte)w[(output * inputs) + k]);
                y.Add(Math.Max(0, MathF.FusedMultiplyAdd(sum, scale.Scale * weightScale, bias[output])));
            }
        }

        return [.. y];
    }
}
