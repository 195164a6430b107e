using System.Text.Json;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Tests.Golden;
using Xunit;

namespace Dlrm.Tests.Layers;

/// <summary>Every kind of table pools and differentiates as PyTorch's embedding_bag does (pytorch_pooling.py).</summary>
public sealed class PyTorchPoolingTests
{
    private static readonly JsonElement File = Read();

    public static TheoryData<string, bool, string> Cases => new(File.GetProperty("cases").EnumerateArray().Select(test =>
        (test.GetProperty("kind").GetString()!, test.GetProperty("weighted").GetBoolean(), test.GetProperty("pooling").GetString()!)));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Bags_and_their_gradients_are_PyTorch_s(string kind, bool weighted, string pooling)
    {
        JsonElement test = File.GetProperty("cases").EnumerateArray().Single(item =>
            item.GetProperty("kind").GetString() == kind
            && item.GetProperty("weighted").GetBoolean() == weighted
            && item.GetProperty("pooling").GetString() == pooling);
        int width = test.GetProperty("width").GetInt32();
        using var engine = new Engine(2);
        using var tables = new EmbeddingTables(engine, [Layout(kind, weighted, pooling, width).Create(engine, training: true)]);
        using var optimizer = Optimizer.Create("sgd", engine, tables.DenseParameters, tables.SparseParameters);
        foreach (Parameter parameter in tables.Parameters)
        {
            Floats(test.GetProperty("parameters").GetProperty(NameInFile(parameter))).CopyTo(parameter.Value.Span);
        }

        using Batch batch = LookupBatches.From([File.GetProperty("bags").Deserialize<int[][]>()!]);
        using var features = new NativeBuffer<float>((long)batch.Size * 2 * width);
        using var gradient = new NativeBuffer<float>((long)batch.Size * 2 * width);
        float[] given = Floats(test.GetProperty("gradient"));
        MatrixView gradientMatrix = MatrixView.Over(gradient, batch.Size, 2 * width);
        for (int sample = 0; sample < batch.Size; sample++)
        {
            given.AsSpan(sample * width, width).CopyTo(gradientMatrix.Row(sample)[width..]);
        }

        tables.Validate(batch);
        MatrixView featureMatrix = MatrixView.Over(features, batch.Size, 2 * width);
        tables.Forward(batch, featureMatrix);
        float[] pooled = [.. Enumerable.Range(0, batch.Size).SelectMany(sample => featureMatrix.Row(sample)[width..].ToArray())];
        AssertClose(Floats(test.GetProperty("pooled")), pooled);
        float[][] before = [.. tables.Parameters.Select(parameter => parameter.Value.Span.ToArray())];
        tables.BackwardAndUpdate(batch, gradientMatrix, optimizer.Sparse, learningRate: 1);
        foreach ((Parameter parameter, float[] start) in tables.Parameters.Zip(before))
        {
            float[] slope = parameter.Gradient is { } dense
                ? dense.Span.ToArray()
                : [.. start.Zip(parameter.Value.Span.ToArray(), (old, now) => old - now)];
            AssertClose(Floats(test.GetProperty("gradients").GetProperty(NameInFile(parameter))), slope);
        }
    }

    private static TableLayout Layout(string kind, bool weighted, string pooling, int width)
    {
        int rows = File.GetProperty("rows").GetInt32();
        int dimension = File.GetProperty("dimension").GetInt32();
        return new TableLayout(0, rows, dimension, width)
        {
            QuotientRemainder = kind.StartsWith("qr-", StringComparison.Ordinal)
                ? new QuotientRemainderOptions { Operation = kind[3..], Collisions = File.GetProperty("collisions").GetInt32() }
                : null,
            IsMixedDimension = kind == "md",
            HasPoolingWeights = weighted,
            IsMean = pooling == "mean",
        };
    }

    private static string NameInFile(Parameter parameter) => parameter.Name switch
    {
        "v_W_l.0" => "v",
        "emb_l.0.embs.weight" => "weight",
        "emb_l.0.proj.weight" => "proj",
        { } name => name["emb_l.0.".Length..],
    };

    private static float[] Floats(JsonElement numbers) => numbers.Deserialize<float[]>()!;

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int place = 0; place < expected.Length; place++)
        {
            Assert.True(
                Math.Abs(expected[place] - actual[place]) < 2e-6 * (1 + Math.Abs(expected[place])) * 4,
                $"[{place}]: PyTorch has {expected[place]}, here it is {actual[place]}.");
        }
    }

    private static JsonElement Read()
    {
        string path = Path.Combine(GoldenFiles.Folder, "..", "..", "Layers", "pytorch-pooling.json");
        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
