using System.Text.Json;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Tests.Golden;
using Dlrm.Tests.Layers;
using Xunit;

namespace Dlrm.Tests.Optimizers;

/// <summary>The penalty on looked-up rows, against PyTorch's weight decay (pytorch_embedding_l2.py).</summary>
public sealed class EmbeddingL2Tests
{
    private static readonly JsonElement File = Read();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Looked_up_rows_end_where_PyTorch_s_weight_decay_takes_them(int number)
    {
        JsonElement test = File.GetProperty("cases")[number];
        float[] end = Train(test.GetProperty("name").GetString()!, test.GetProperty("rate").GetSingle(), workers: 1);
        float[] expected = Floats(test.GetProperty("end"));
        Assert.Equal(expected, end, (left, right) => MathF.Abs(left - right) <= 1e-6f * MathF.Max(MathF.Abs(left), 1));
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("adagrad")]
    [InlineData("rwsadagrad")]
    [InlineData("adam")]
    [InlineData("ftrl")]
    public void Every_instruction_set_and_thread_count_gives_the_same_bits(string optimizer)
    {
        float[] expected = Train(optimizer, 0.05f, workers: 1, InstructionSet.Portable);
        foreach (InstructionSet set in InstructionSets.Supported.Where(InstructionSets.IsSupported))
        {
            Assert.Equal(expected, Train(optimizer, 0.05f, workers: 3, set));
        }

        Assert.NotEqual(expected, Train(optimizer, 0.05f, workers: 1, InstructionSet.Portable, l2: 0));
    }

    private static float[] Train(
        string name, float rate, int workers, InstructionSet? set = null, float? l2 = null)
    {
        int dimension = File.GetProperty("dimension").GetInt32();
        float[] start = Floats(File.GetProperty("table"));
        using var engine = new Engine(workers, set ?? InstructionSets.Choose());
        using var tables = new EmbeddingTables(engine, [start.Length / dimension], dimension);
        using var optimizer = Optimizer.Create(
            name, engine, [], tables.Parameters, new OptimizerOptions { EmbeddingL2 = l2 ?? File.GetProperty("l2").GetSingle() });
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

            tables.BackwardAndUpdate(batch, MatrixView.Over(gradient, bags.Length, 2 * dimension), optimizer.Sparse, rate);
        }

        return tables.Parameters[0].Value.Span.ToArray();
    }

    private static JsonElement Read()
    {
        string path = Path.Combine(GoldenFiles.Folder, "..", "..", "Optimizers", "pytorch-embedding-l2.json");
        using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllText(path));
        return document.RootElement.Clone();
    }

    private static float[] Floats(JsonElement values) => [.. values.EnumerateArray().Select(value => value.GetSingle())];
}
