using CsCheck;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Tests.Layers;
using Dlrm.Tests.Threading;
using Xunit;

namespace Dlrm.Tests.Optimizers;

public sealed class OptimizerTests
{
    private const float Rate = 0.05f;

    private static readonly OptimizerOptions Everything =
        new() { Momentum = 0.9f, WeightDecay = 0.01f, ClipGradientNorm = 0.5f, FtrlL1 = 0.1f, FtrlL2 = 0.2f };

    [Fact]
    public void An_unknown_name_is_answered_with_the_known_ones()
    {
        using var engine = new Engine(1);
        ArgumentException error = Assert.Throws<ArgumentException>(() => Optimizer.Create("lamb", engine, [], []));
        Assert.Contains("'lamb'; there are sgd, adagrad, rwsadagrad, adam, ftrl.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("adagrad")]
    [InlineData("rwsadagrad")]
    public void Dense_steps_follow_the_formula_in_double(string name)
    {
        int[] sizes = [1, 15, 16, 17, 1000, 33];
        using var engine = new Engine(3);
        Parameter[] parameters = Parameters(sizes);
        using var optimizer = Optimizer.Create(name, engine, parameters, []);
        double[][] expected = [.. parameters.Select(p => p.Value.Span.ToArray().Select(w => (double)w).ToArray())];
        double[][] sums = [.. sizes.Select(size => new double[size])];
        for (int step = 0; step < 5; step++)
        {
            for (int parameter = 0; parameter < sizes.Length; parameter++)
            {
                LookupBatches.Randomize(parameters[parameter].Gradient!.Span, (step * 10) + parameter);
                for (int place = 0; place < sizes[parameter]; place++)
                {
                    double g = parameters[parameter].Gradient![place];
                    sums[parameter][place] += g * g;
                    double scale = name == "sgd" ? 1 : Math.Sqrt(sums[parameter][place]) + 1e-10;
                    expected[parameter][place] -= Rate * g / scale;
                }
            }

            optimizer.Dense.Update(engine, Rate);
        }

        for (int parameter = 0; parameter < sizes.Length; parameter++)
        {
            AssertClose(expected[parameter], parameters[parameter].Value.Span);
            if (name != "sgd")
            {
                AssertClose(sums[parameter], optimizer.Dense.States[parameter].Value.Span);
            }

            parameters[parameter].Dispose();
        }
    }

    [Theory]
    [InlineData("sgd", 1)]
    [InlineData("adagrad", 1)]
    [InlineData("rwsadagrad", 1)]
    [InlineData("sgd", 37)]
    [InlineData("adagrad", 37)]
    [InlineData("rwsadagrad", 37)]
    [InlineData("rwsadagrad", 64)]
    public void Sparse_steps_follow_the_formula_in_double(string name, int dimension)
    {
        const int Rows = 6;
        using var engine = new Engine(2);
        using var tables = new EmbeddingTables(engine, [Rows], dimension);
        using var optimizer = Optimizer.Create(name, engine, [], tables.Parameters);
        Span<float> weights = tables.Parameters[0].Value.Span;
        LookupBatches.Randomize(weights, 1);
        double[] expected = [.. weights.ToArray().Select(w => (double)w)];
        double[] sums = new double[Rows * dimension];
        using Batch batch = LookupBatches.From([[[0, 3], [3], [], [5, 3]]]);
        using var gradient = new NativeBuffer<float>(4 * 2 * dimension);
        for (int step = 0; step < 4; step++)
        {
            LookupBatches.Randomize(gradient.Span, 10 + step);
            foreach ((int row, int[] samples) in new[] { (0, new[] { 0 }), (3, [0, 1, 3]), (5, [3]) })
            {
                double[] g = [.. Enumerable.Range(0, dimension).Select(column => samples.Sum(s => (double)gradient[(((s * 2) + 1) * dimension) + column]))];
                double mean = g.Sum(value => value * value) / dimension;
                for (int column = 0; column < dimension; column++)
                {
                    int place = (row * dimension) + column;
                    sums[place] += name == "adagrad" ? g[column] * g[column] : mean;
                    expected[place] -= Rate * g[column] / (name == "sgd" ? 1 : Math.Sqrt(sums[place]) + 1e-10);
                }
            }

            tables.BackwardAndUpdate(batch, MatrixView.Over(gradient, 4, 2 * dimension), optimizer.Sparse, Rate);
        }

        AssertClose(expected, tables.Parameters[0].Value.Span);
        if (name == "adagrad")
        {
            AssertClose(sums, optimizer.States[0].Value.Span);
        }

        if (name == "rwsadagrad")
        {
            AssertClose([.. Enumerable.Range(0, Rows).Select(row => sums[row * dimension])], optimizer.States[0].Value.Span);
        }
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("adagrad")]
    [InlineData("adam")]
    [InlineData("ftrl")]
    public void Dense_bits_do_not_depend_on_workers_or_instruction_set(string name)
    {
        Engine[] engines = [.. InstructionSets.Supported.Select(set => new Engine(1, set)), new Engine(2), new Engine(5)];
        Gen.Int[1, 300].Array[1, 5].Sample(
            sizes =>
            {
                int[][] results = [.. engines.Select(engine => Step(engine, name, sizes))];
                Assert.All(results, result => Assert.Equal(results[0], result));
            },
            iter: 50,
            threads: 1);
        Array.ForEach(engines, engine => engine.Dispose());
    }

    [Fact]
    public void States_bear_the_names_of_the_reference()
    {
        using var engine = new Engine(1);
        using var tables = new EmbeddingTables(engine, [7, 9], 4);
        using var dense = new Parameter("bot_l.0.weight", [3, 2], dense: true);
        using var sgd = Optimizer.Create("sgd", engine, [dense], tables.Parameters);
        using var adagrad = Optimizer.Create("adagrad", engine, [dense], tables.Parameters);
        using var rowWise = Optimizer.Create("rwsadagrad", engine, [dense], tables.Parameters);
        using var momentum = Optimizer.Create("sgd", engine, [dense], tables.Parameters, new OptimizerOptions { Momentum = 0.5f });
        using var adam = Optimizer.Create("adam", engine, [dense], tables.Parameters);
        Assert.Empty(sgd.States);
        Assert.Equal(["bot_l.0.weight.momentum_buffer"], momentum.States.Select(s => s.Name));
        Assert.Equal(
            [
                "emb_l.0.weight.exp_avg", "emb_l.1.weight.exp_avg", "emb_l.0.weight.exp_avg_sq", "emb_l.1.weight.exp_avg_sq",
                "sparse.step", "bot_l.0.weight.exp_avg", "bot_l.0.weight.exp_avg_sq", "dense.step",
            ],
            adam.States.Select(s => s.Name));
        Assert.Equal(["emb_l.0.weight.sum", "emb_l.1.weight.sum", "bot_l.0.weight.sum"], adagrad.States.Select(s => s.Name));
        Assert.Equal(["emb_l.0.weight.momentum", "emb_l.1.weight.momentum", "bot_l.0.weight.sum"], rowWise.States.Select(s => s.Name));
        Assert.Equal([9, 4], adagrad.States[1].Shape);
        Assert.Equal([9], rowWise.States[1].Shape);
        Assert.Equal(9, rowWise.States[1].Value.Length);
    }

    [Fact]
    public void Rows_that_were_not_looked_up_keep_their_bits_and_moments()
    {
        using var engine = new Engine(1);
        using var tables = new EmbeddingTables(engine, [6], 5);
        using var optimizer = Optimizer.Create("adam", engine, [], tables.Parameters);
        LookupBatches.Randomize(tables.Parameters[0].Value.Span, 1);
        float[] before = tables.Parameters[0].Value.Span.ToArray();
        using Batch batch = LookupBatches.From([[[2], [4]]]);
        using var gradient = new NativeBuffer<float>(2 * 2 * 5);
        gradient.Span.Fill(1);
        tables.BackwardAndUpdate(batch, MatrixView.Over(gradient, 2, 10), optimizer.Sparse, Rate);
        for (int place = 0; place < before.Length; place++)
        {
            bool touched = place / 5 is 2 or 4;
            Assert.Equal(touched, before[place] != tables.Parameters[0].Value[place]);
            Assert.Equal(touched, optimizer.Sparse.States[0].Value[place] != 0);
        }
    }

    [Theory]
    [InlineData(1f, 0f, "--momentum")]
    [InlineData(0f, -1f, "--weight-decay")]
    public void Options_out_of_range_are_refused_by_name(float momentum, float decay, string name)
    {
        using var engine = new Engine(1);
        var options = new OptimizerOptions { Momentum = momentum, WeightDecay = decay };
        Assert.Contains(
            name,
            Assert.Throws<ArgumentException>(() => Optimizer.Create("sgd", engine, [], [], options)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_is_no_dense_parameter()
    {
        using var engine = new Engine(1);
        using var tables = new EmbeddingTables(engine, [7], 4);
        Assert.Contains(
            "emb_l.0.weight has no dense gradient",
            Assert.Throws<ArgumentException>(() => Optimizer.Create("sgd", engine, tables.Parameters, [])).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("adagrad")]
    [InlineData("adam")]
    [InlineData("ftrl")]
    public void Dense_steps_allocate_nothing(string name)
    {
        using var engine = new Engine(2);
        Parameter[] parameters = Parameters([100, 9000]);
        using var optimizer = Optimizer.Create(name, engine, parameters, [], Everything);
        optimizer.Dense.Update(engine, Rate);
        Assert.Equal(0, TeamAllocations.Of(engine.Team, () => optimizer.Dense.Update(engine, Rate)));
        Array.ForEach(parameters, parameter => parameter.Dispose());
    }

    private static Parameter[] Parameters(int[] sizes)
    {
        Parameter[] parameters = [.. sizes.Select((size, number) => new Parameter($"p.{number}", [size], dense: true))];
        for (int parameter = 0; parameter < parameters.Length; parameter++)
        {
            LookupBatches.Randomize(parameters[parameter].Value.Span, 100 + parameter);
            LookupBatches.Randomize(parameters[parameter].Gradient!.Span, 200 + parameter);
        }

        return parameters;
    }

    private static int[] Step(Engine engine, string name, int[] sizes)
    {
        Parameter[] parameters = Parameters(sizes);
        using var optimizer = Optimizer.Create(name, engine, parameters, [], Everything);
        optimizer.Dense.Update(engine, Rate);
        optimizer.Dense.Update(engine, Rate);
        int[] bits = [.. parameters.SelectMany(p => LookupBatches.Bits(p.Value.Span))];
        Array.ForEach(parameters, parameter => parameter.Dispose());
        return bits;
    }

    private static void AssertClose(double[] expected, ReadOnlySpan<float> actual)
    {
        for (int place = 0; place < expected.Length; place++)
        {
            Assert.InRange(actual[place], expected[place] - Tolerance(expected[place]), expected[place] + Tolerance(expected[place]));
        }

        // A few roundings to float of numbers up to 50 that partly cancel.
        static double Tolerance(double value) => 2e-5 + (1e-5 * Math.Abs(value));
    }
}
