using CsCheck;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Optimizers;
using Xunit;

namespace Dlrm.Tests.Layers;

/// <summary>
/// Every kind of table under every optimizer is its plain twin in double precision, whatever the bags: empty ones, one huge
/// bag, all lookups of a batch on one row, a table of one row.
/// </summary>
public sealed class TablePropertyTests : IDisposable
{
    private const float Rate = 0.1f;

    private readonly Engine[] _engines = [new(1), new(3)];

    public static TheoryData<string, string> Cases => new(
        from kind in (string[])["full", "qr-mult", "qr-add", "qr-concat", "md", "md-wide"] from rule in Optimizer.Names select (kind, rule));

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_table_is_its_twin_whatever_the_bags(string kind, string optimizer)
    {
        Gen<Case> gen =
            from rows in Gen.OneOf(Gen.Const(1), Gen.Int[2, 40])
            from dimension in Gen.Int[1, 19]
            from samples in Gen.Int[1, 20]
            from bags in Gen.OneOf(
                LookupBatches.Bags(rows, samples),
                Gen.Int[0, rows - 1].Select(row => AllOn(row, samples)),
                Gen.Int[0, rows - 1].Array[300].Select(bag => OneHuge(bag, samples)))
            from collisions in Gen.Int[1, 9]
            from weighted in Gen.Bool
            from mean in Gen.Bool
            from workers in Gen.Int[0, 1]
            select new Case(Layout(kind, rows, dimension, collisions, weighted, mean), bags, workers);
        gen.Sample(test => AssertTwin(test, optimizer), iter: 15, threads: 1, print: test => test.ToString());
    }

    public void Dispose() => Array.ForEach(_engines, engine => engine.Dispose());

    private static int[][] AllOn(int row, int samples) => [.. Enumerable.Range(0, samples).Select(sample => Enumerable.Repeat(row, sample % 4).ToArray())];

    private static int[][] OneHuge(int[] bag, int samples) => [.. Enumerable.Range(0, samples).Select(sample => sample == samples / 2 ? bag : [])];

    private static TableLayout Layout(string kind, int rows, int dimension, int collisions, bool weighted, bool mean)
    {
        int wide = kind == "qr-concat" ? 2 * dimension : kind == "md-wide" ? dimension + 4 : dimension;
        return new TableLayout(0, rows, dimension, wide)
        {
            QuotientRemainder = kind.StartsWith("qr-", StringComparison.Ordinal)
                ? new QuotientRemainderOptions { Operation = kind[3..], Collisions = collisions }
                : null,
            IsMixedDimension = kind.StartsWith("md", StringComparison.Ordinal),
            HasPoolingWeights = weighted,
            IsMean = mean,
        };
    }

    private void AssertTwin(Case test, string rule)
    {
        Engine engine = _engines[test.Engine];
        using var tables = new EmbeddingTables(engine, [test.Layout.Create(engine, training: true)]);
        using var optimizer = Optimizer.Create(rule, engine, tables.DenseParameters, tables.SparseParameters);
        var twin = new TableTwin(test.Layout, rule, Rate);
        foreach (Parameter parameter in tables.Parameters)
        {
            Fill(parameter.Value.Span, -1);
            twin.Values[parameter.Name] = ToDouble(parameter.Value);
        }

        // State away from zero: a first step by the sign of a gradient would turn a rounding error into a whole step.
        foreach (OptimizerState state in optimizer.Sparse.States.Where(state => state.Name != "sparse.step"))
        {
            Fill(state.Value.Span, 0.25f);
            twin.Values[state.Name] = ToDouble(state.Value);
        }

        int width = test.Layout.PooledDimension;
        using Batch batch = LookupBatches.From([test.Bags]);
        using var features = new NativeBuffer<float>((long)batch.Size * 2 * width);
        using var gradient = new NativeBuffer<float>((long)batch.Size * 2 * width);
        Fill(gradient.Span, -1);
        MatrixView featureMatrix = MatrixView.Over(features, batch.Size, 2 * width);
        MatrixView gradientMatrix = MatrixView.Over(gradient, batch.Size, 2 * width);
        double[][] slopes = [.. Rows(gradientMatrix, width).Select(row => row.Select(value => (double)value).ToArray())];
        tables.Validate(batch);
        tables.Forward(batch, featureMatrix);
        double[][] pooled = twin.Forward(test.Bags);
        float[][] rows = Rows(featureMatrix, width);
        for (int sample = 0; sample < batch.Size; sample++)
        {
            AssertClose($"bag {sample}", pooled[sample], rows[sample], batch.LookupCount(0));
            Assert.True(test.Bags[sample].Length > 0 || rows[sample].All(value => value == 0), "An empty bag gives zeros.");
        }

        tables.BackwardAndUpdate(batch, gradientMatrix, optimizer.Sparse, Rate);
        double[] projection = twin.Step(test.Bags, slopes);
        foreach (Parameter parameter in tables.SparseParameters)
        {
            AssertClose(parameter.Name, twin.Values[parameter.Name], parameter.Value.Span, batch.LookupCount(0));
        }

        foreach (OptimizerState state in optimizer.Sparse.States.Where(state => state.Name != "sparse.step"))
        {
            AssertClose(state.Name, twin.Values[state.Name], state.Value.Span, batch.LookupCount(0));
        }

        foreach (Parameter parameter in tables.DenseParameters)
        {
            AssertClose(parameter.Name + " gradient", projection, parameter.Gradient!.Span, batch.LookupCount(0));
        }
    }

    private static float[][] Rows(MatrixView matrix, int width) => [.. Enumerable.Range(0, matrix.Rows).Select(row => matrix.Row(row)[width..].ToArray())];

    private static double[] ToDouble(NativeBuffer<float> values) => [.. values.Span.ToArray().Select(value => (double)value)];

    private static void Fill(Span<float> values, float least)
    {
        var random = new System.Random(values.Length);
        foreach (ref float value in values)
        {
            value = least + (random.NextSingle() * (least < 0 ? -2 * least : 1));
        }
    }

    /// <summary>1e-4 of the largest number, more where many lookups may cancel: each addition of a long sum rounds to float.</summary>
    private static void AssertClose(string name, double[] expected, ReadOnlySpan<float> actual, int lookups)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Length == 0 ? 1 : Math.Max(1, expected.Max(Math.Abs));
        for (int place = 0; place < expected.Length; place++)
        {
            Assert.True(float.IsFinite(actual[place]), $"{name} [{place}] is {actual[place]}.");
            Assert.True(
                Math.Abs(expected[place] - actual[place]) <= 1e-4 * scale * (1 + (lookups / 10.0)),
                $"{name} [{place}]: the twin has {expected[place]}, here it is {actual[place]}.");
        }
    }

    private sealed record Case(TableLayout Layout, int[][] Bags, int Engine)
    {
        public override string ToString() =>
            $"{Layout}, engine {Engine}, bags {string.Join(' ', Bags.Select(bag => $"[{string.Join(',', bag)}]"))}";
    }
}
