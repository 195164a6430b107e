using System.Text.Json;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Tests.Golden;
using Dlrm.Tests.Layers;
using Xunit;

namespace Dlrm.Tests.Optimizers;

/// <summary>The same gradients take parameters to where PyTorch's optimizers take them (pytorch_optimizers.py).</summary>
public sealed class PyTorchOptimizerTests
{
    private static readonly JsonElement File = Read();

    public static TheoryData<int> DenseCases => [.. Enumerable.Range(0, File.GetProperty("dense").GetArrayLength())];

    public static TheoryData<int> SparseCases => [.. Enumerable.Range(0, File.GetProperty("sparse").GetArrayLength())];

    [Theory]
    [MemberData(nameof(DenseCases))]
    public void Dense_parameters_end_where_PyTorch_s_end(int number)
    {
        JsonElement test = File.GetProperty("dense")[number];
        using var engine = new Engine(2);
        Parameter[] parameters =
        [
            .. File.GetProperty("start").EnumerateArray().Select((values, place) =>
                new Parameter($"p.{place}", [values.GetArrayLength()], dense: true)),
        ];
        Write(File.GetProperty("start"), parameters, gradient: false);
        var options = new OptimizerOptions
        {
            Momentum = Option(test, "momentum"),
            WeightDecay = Option(test, "weight_decay"),
            ClipGradientNorm = Option(test, "clip"),
        };
        using var optimizer = Optimizer.Create(test.GetProperty("name").GetString()!, engine, parameters, [], options);
        foreach (JsonElement step in File.GetProperty("gradients").EnumerateArray())
        {
            Write(step, parameters, gradient: true);
            optimizer.Dense.Update(engine, test.GetProperty("rate").GetSingle());
        }

        for (int place = 0; place < parameters.Length; place++)
        {
            AssertClose(test.GetProperty("end")[place], parameters[place].Value.Span);
            parameters[place].Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(SparseCases))]
    public void Tables_end_where_PyTorch_s_end(int number)
    {
        JsonElement test = File.GetProperty("sparse")[number];
        int dimension = File.GetProperty("dimension").GetInt32();
        float[] start = Floats(File.GetProperty("table"));
        using var engine = new Engine(2);
        using var tables = new EmbeddingTables(engine, [start.Length / dimension], dimension);
        using var optimizer = Optimizer.Create(test.GetProperty("name").GetString()!, engine, [], tables.Parameters);
        start.CopyTo(tables.Parameters[0].Value.Span);
        JsonElement pooled = File.GetProperty("pooled");
        for (int step = 0; step < pooled.GetArrayLength(); step++)
        {
            int[][] bags =
            [
                .. File.GetProperty("lookups")[step].EnumerateArray()
                    .Select(bag => bag.EnumerateArray().Select(index => index.GetInt32()).ToArray()),
            ];
            using Batch batch = LookupBatches.From([bags]);
            using var gradient = new NativeBuffer<float>(bags.Length * 2 * dimension);
            float[] values = Floats(pooled[step]);
            for (int sample = 0; sample < bags.Length; sample++)
            {
                values.AsSpan(sample * dimension, dimension).CopyTo(gradient.Slice(((sample * 2) + 1) * dimension, dimension));
            }

            tables.BackwardAndUpdate(
                batch, MatrixView.Over(gradient, bags.Length, 2 * dimension), optimizer.Sparse, test.GetProperty("rate").GetSingle());
        }

        AssertClose(test.GetProperty("end"), tables.Parameters[0].Value.Span);
    }

    private static JsonElement Read()
    {
        string path = Path.Combine(GoldenFiles.Folder, "..", "..", "Optimizers", "pytorch-optimizers.json");
        using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllText(path));
        return document.RootElement.Clone();
    }

    private static float Option(JsonElement test, string name) =>
        test.GetProperty("options").TryGetProperty(name, out JsonElement value) ? value.GetSingle() : 0;

    private static float[] Floats(JsonElement values) => [.. values.EnumerateArray().Select(value => value.GetSingle())];

    private static void Write(JsonElement values, Parameter[] parameters, bool gradient)
    {
        for (int place = 0; place < parameters.Length; place++)
        {
            Floats(values[place]).CopyTo((gradient ? parameters[place].Gradient! : parameters[place].Value).Span);
        }
    }

    /// <summary>1e-6 of the value, or of 1 where it is smaller: both sides round to float at every step.</summary>
    private static void AssertClose(JsonElement expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.GetArrayLength(), actual.Length);
        for (int place = 0; place < actual.Length; place++)
        {
            float value = expected[place].GetSingle();
            float tolerance = 1e-6f * Math.Max(Math.Abs(value), 1);
            Assert.InRange(actual[place], value - tolerance, value + tolerance);
        }
    }
}
