using CsCheck;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Tests.Threading;
using Xunit;

namespace Dlrm.Tests.Layers;

public sealed class EmbeddingTablesTests
{
    private const float Rate = 0.1f;

    [Theory]
    [InlineData("sgd")]
    [InlineData("adagrad")]
    [InlineData("rwsadagrad")]
    public void Bits_do_not_depend_on_workers_or_instruction_set(string optimizer)
    {
        Engine[] engines =
            [.. InstructionSets.Supported.Select(set => new Engine(1, set)), new Engine(2), new Engine(4, InstructionSet.Portable)];
        Gen<(int[] Rows, int Dimension, int[][][] Bags)> gen =
            from rows in Gen.OneOf(Gen.Int[1, 3], Gen.Int[1, 300]).Array[1, 4]
            from dimension in Gen.OneOf(Gen.Int[1, 20], Gen.Const(64), Gen.Const(100))
            from samples in Gen.Int[1, 40]
            from bags in LookupBatches.Bags(rows.Min(), samples).Array[rows.Length]
            select (rows, dimension, bags);
        gen.Sample(
            c =>
            {
                int[] first = Train(engines[0], optimizer, c.Rows, c.Dimension, c.Bags);
                foreach (Engine engine in engines.Skip(1))
                {
                    Assert.Equal(first, Train(engine, optimizer, c.Rows, c.Dimension, c.Bags));
                }
            },
            iter: 15,
            threads: 1);
        Array.ForEach(engines, engine => engine.Dispose());
    }

    [Fact]
    public void Pooled_rows_stand_behind_the_dense_feature()
    {
        using var engine = new Engine(2);
        using var tables = new EmbeddingTables(engine, [3, 2], 2);
        new float[] { 1, 2, 30, 40, 500, 600 }.CopyTo(tables.Parameters[0].Value.Span);
        new float[] { 7, 8, 9, 10 }.CopyTo(tables.Parameters[1].Value.Span);
        using Batch batch = LookupBatches.From([[[0, 2], []], [[1], [1, 1, 0]]]);
        using var features = new NativeBuffer<float>(12);
        features.Span.Fill(-1);
        tables.Validate(batch);
        tables.Forward(batch, MatrixView.Over(features, 2, 6));
        Assert.Equal([-1, -1, 501, 602, 9, 10, -1, -1, 0, 0, 25, 28], features.Span.ToArray());
    }

    [Fact]
    public void A_row_looked_up_often_takes_one_step_with_the_sum()
    {
        // Adagrad tells a sum of gradients from two steps: (1 + 1)² ≠ 1² + 1².
        using var engine = new Engine(2);
        using var tables = new EmbeddingTables(engine, [4], 1);
        using var optimizer = Optimizer.Create("adagrad", engine, [], tables.Parameters);
        using Batch batch = LookupBatches.From([[[2], [1, 2], [2, 2]]]);
        using var gradient = new NativeBuffer<float>(6);
        new float[] { 0, 1, 0, 2, 0, 3 }.CopyTo(gradient.Span);
        tables.BackwardAndUpdate(batch, MatrixView.Over(gradient, 3, 2), optimizer.Sparse, Rate);
        Assert.Equal([0, 4, 81, 0], optimizer.States[0].Value.Span.ToArray());
        Assert.Equal([0, -Rate, -Rate, 0], tables.Parameters[0].Value.Span.ToArray());
    }

    [Fact]
    public void Updates_as_the_twin_to_the_bit()
    {
        Gen<(int Rows, int Dimension, int[][] Bags)> gen =
            from rows in Gen.Int[1, 60]
            from dimension in Gen.OneOf(Gen.Int[1, 20], Gen.Const(64), Gen.Const(80))
            from samples in Gen.Int[1, 60]
            from bags in LookupBatches.Bags(rows, samples)
            select (rows, dimension, bags);
        using var engine = new Engine(3);
        gen.Sample(
            c =>
            {
                float[] expected = new float[c.Rows * c.Dimension];
                LookupBatches.Randomize(expected, 3);
                float[] gradient = new float[c.Bags.Length * 2 * c.Dimension];
                LookupBatches.Randomize(gradient, 4);
                UpdateTwin(expected, gradient, c.Dimension, c.Bags);
                int[] trained = Train(engine, "sgd", [c.Rows], c.Dimension, [c.Bags]);
                Assert.Equal(LookupBatches.Bits(expected), trained[..expected.Length]);
            },
            iter: 40,
            threads: 1);
    }

    [Fact]
    public void A_large_batch_on_many_workers_gives_the_bits_of_one()
    {
        int[] rows = [200_000, 3, 5000];
        var random = new System.Random(5);
        int[][][] bags = [.. rows.Select(count => Enumerable.Range(0, 1500)
            .Select(_ => Enumerable.Range(0, 20).Select(_ => random.Next(count)).ToArray()).ToArray())];
        using var one = new Engine(1);
        using var four = new Engine(4);
        Assert.Equal(Train(one, "rwsadagrad", rows, 16, bags), Train(four, "rwsadagrad", rows, 16, bags));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void An_index_out_of_range_is_named(int index)
    {
        using var engine = new Engine(2);
        using var tables = new EmbeddingTables(engine, [5, 5], 4);
        int[][][] bags = [[[0], [4, 4], []], [[1, 2], [3, index], [index]]];
        using Batch batch = LookupBatches.From(bags);
        LookupException error = Assert.Throws<LookupException>(() => tables.Validate(batch));
        Assert.Equal((1, 1), (error.Table, error.Sample));
        Assert.StartsWith($"Table 1, sample 1: index {index} lies outside [0, 5)", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 3, 2)]
    [InlineData(0, 0, -1)]
    public void Offsets_that_descend_are_named(int sample, int offset, int next)
    {
        using var engine = new Engine(2);
        using var tables = new EmbeddingTables(engine, [5], 4);
        using Batch batch = LookupBatches.From([[[0], [1], [2, 3]]]);
        batch.Offsets(0)[sample] = offset;
        batch.Offsets(0)[sample + 1] = next;
        LookupException error = Assert.Throws<LookupException>(() => tables.Validate(batch));
        Assert.StartsWith(
            $"Table 0, sample {sample}: its bag runs from offset {offset} to {next}", error.Message, StringComparison.Ordinal);
        batch.Offsets(0)[0] = 1;
        error = Assert.Throws<LookupException>(() => tables.Validate(batch));
        Assert.Contains("the first offset is 1, expected 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_for_other_tables_is_refused()
    {
        using var engine = new Engine(1);
        using var tables = new EmbeddingTables(engine, [5, 6], 4);
        using var features = new NativeBuffer<float>(100);
        using var batch = new Batch(1, 3);
        ArgumentException error = Assert.Throws<ArgumentException>(() => tables.Validate(batch));
        Assert.Contains("3 tables; the model has 2", error.Message, StringComparison.Ordinal);
        using Batch fit = LookupBatches.From([[[0]], [[0]]]);
        Assert.Throws<ArgumentException>(() => tables.Forward(fit, MatrixView.Over(features, 1, 11)));
        Assert.Throws<ArgumentException>(() => tables.Forward(fit, MatrixView.Over(features, 0, 12)));
        using var other = new EmbeddingTables(engine, [5, 6], 4);
        using var optimizer = Optimizer.Create("sgd", engine, [], other.Parameters);
        Assert.Throws<InvalidOperationException>(() => tables.Update(MatrixView.Over(features, 1, 12), optimizer.Sparse, Rate));
        tables.SortLookups(fit);
        Assert.Throws<ArgumentException>(() => tables.Update(MatrixView.Over(features, 1, 12), optimizer.Sparse, Rate));
    }

    [Fact]
    public void An_empty_batch_does_nothing()
    {
        Assert.Equal(Train(new Engine(1), "adagrad", [4, 5], 3, [[], []]), Train(new Engine(3), "adagrad", [4, 5], 3, [[], []]));
    }

    [Fact]
    public void Steps_allocate_nothing()
    {
        int[] rows = [50_000, 3, 700];
        var random = new System.Random(6);
        int[][][] bags = [.. rows.Select(count => Enumerable.Range(0, 1000)
            .Select(_ => Enumerable.Range(0, 30).Select(_ => random.Next(count)).ToArray()).ToArray())];
        using var engine = new Engine(2);
        using var tables = new EmbeddingTables(engine, rows, 8);
        using var optimizer = Optimizer.Create("rwsadagrad", engine, [], tables.Parameters);
        using Batch batch = LookupBatches.From(bags);
        using var features = new NativeBuffer<float>(1000 * 32);
        MatrixView matrix = MatrixView.Over(features, 1000, 32);
        Step();
        Assert.Equal(0, TeamAllocations.Of(engine.Team, Step));

        void Step()
        {
            tables.Validate(batch);
            tables.Forward(batch, matrix);
            tables.SortLookups(batch);
            tables.Update(matrix, optimizer.Sparse, Rate);
        }
    }

    /// <summary>The bits of tables, state and features after one step from the same start.</summary>
    private static int[] Train(Engine engine, string name, int[] rows, int dimension, int[][][] bags)
    {
        using var tables = new EmbeddingTables(engine, rows, dimension);
        using var optimizer = Optimizer.Create(name, engine, [], tables.Parameters);
        foreach (Parameter parameter in tables.Parameters)
        {
            LookupBatches.Randomize(parameter.Value.Span, 3);
        }

        using Batch batch = LookupBatches.From(bags);
        int width = (rows.Length + 1) * dimension;
        using var features = new NativeBuffer<float>((long)batch.Size * width);
        using var gradient = new NativeBuffer<float>((long)batch.Size * width);
        LookupBatches.Randomize(gradient.Span, 4);
        tables.Validate(batch);
        tables.Forward(batch, MatrixView.Over(features, batch.Size, width));
        tables.BackwardAndUpdate(batch, MatrixView.Over(gradient, batch.Size, width), optimizer.Sparse, Rate);
        IEnumerable<NativeBuffer<float>> all =
            [.. tables.Parameters.Select(p => p.Value), .. optimizer.States.Select(s => s.Value), features];
        return [.. all.SelectMany(buffer => LookupBatches.Bits(buffer.Span))];
    }

    /// <summary>The twin of sort and update: each row's gradients in sample order, then one step.</summary>
    private static void UpdateTwin(float[] table, float[] gradient, int dimension, int[][] bags)
    {
        var samplesOfRow = bags.SelectMany((bag, sample) => bag.Select(row => (row, sample))).ToLookup(l => l.row, l => l.sample);
        foreach (IGrouping<int, int> samples in samplesOfRow)
        {
            for (int column = 0; column < dimension; column++)
            {
                float sum = samples.Select(sample => gradient[(((sample * 2) + 1) * dimension) + column]).Aggregate((a, b) => a + b);
                ref float weight = ref table[(samples.Key * dimension) + column];
                weight = MathF.FusedMultiplyAdd(-Rate, sum, weight);
            }
        }
    }
}
