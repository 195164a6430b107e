using System.Runtime.InteropServices;
using CsCheck;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Tests.Kernels;
using Xunit;

namespace Dlrm.Tests.Layers;

public sealed class MlpTests
{
    [Fact]
    public void Parameters_bear_the_names_and_shapes_of_a_state_dict()
    {
        using var engine = new Engine(1);
        using var tower = new Mlp(engine, "bot_l", [13, 512, 16], logitOutput: false, training: true);
        Assert.Equal(
            ["bot_l.0.weight 512,13", "bot_l.0.bias 512", "bot_l.2.weight 16,512", "bot_l.2.bias 16"],
            tower.Parameters.Select(p => $"{p.Name} {string.Join(',', p.Shape)}"));
        Assert.All(tower.Parameters, parameter => Assert.Equal(parameter.Value.Length, parameter.Gradient!.Length));
        Assert.Equal(2L * 10 * ((13 * 512) + (512 * 16)), tower.ForwardFlops(10));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_instruction_set_and_team_gives_the_same_bytes(bool logitOutput) =>
        Gen.Select(Gen.Int[1, 70].Array[2, 5], Gen.Int[1, 130], Gen.UInt).Sample(
            (widths, batch, seed) =>
            {
                byte[]? expected = null;
                foreach (InstructionSet set in InstructionSets.Supported)
                {
                    foreach (int threads in new[] { 1, 2, 3 })
                    {
                        using var setup = new Case(widths, batch, logitOutput, threads, set, seed);
                        setup.Step();
                        byte[] bytes = setup.Bytes();
                        expected ??= bytes;
                        if (!bytes.AsSpan().SequenceEqual(expected))
                        {
                            return false;
                        }
                    }
                }

                return true;
            },
            iter: 12,
            threads: 1);

    [Theory]
    [InlineData(333)]
    [InlineData(501)] // Large enough to pack the weights first.
    public void Work_large_enough_for_threads_gives_the_bytes_of_one_thread(int batch)
    {
        byte[]? expected = null;
        foreach (int threads in new[] { 1, 2, 3, 5 })
        {
            using var setup = new Case([50, 257, 129, 1], batch, true, threads, InstructionSets.Supported[^1], 7);
            setup.Step();
            expected ??= setup.Bytes();
            Assert.True(setup.Bytes().AsSpan().SequenceEqual(expected), $"{threads} threads");
            setup.Step(); // Weights that did not change are packed in the second pass.
            Assert.True(setup.Bytes().AsSpan().SequenceEqual(expected), $"{threads} threads");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Output_and_gradients_are_those_of_central_differences(bool logitOutput)
    {
        const double Step = 1e-6;
        const double Tolerance = 1e-4; // Sums of some forty float products, with values about 1.
        using var setup = new Case([5, 33, 12, 3], 9, logitOutput, 2, InstructionSets.Supported[^1], 3);
        setup.Step();
        var twin = new Twin(setup);
        for (int i = 0; i < 9 * 3; i++)
        {
            Assert.Equal(twin.Output[i / 3][i % 3], setup.Output[i / 3, i % 3], Tolerance);
        }

        foreach ((double[] values, Func<int, float> gradient, string name) in twin.Variables)
        {
            for (int i = 0; i < values.Length; i++)
            {
                double middle = values[i];
                values[i] = middle + Step;
                double above = twin.Loss();
                values[i] = middle - Step;
                double below = twin.Loss();
                values[i] = middle;
                double expected = (above - below) / (2 * Step);
                Assert.True(
                    Math.Abs(expected - gradient(i)) < Tolerance * Math.Max(1, Math.Abs(expected)),
                    $"{name}[{i}]: {gradient(i)}, by differences {expected}");
            }
        }
    }

    [Fact]
    public void A_score_does_not_depend_on_the_batch_it_came_in()
    {
        using var setup = new Case([37, 65, 1], 50, true, 2, InstructionSets.Supported[^1], 11);
        setup.Tower.Forward(setup.Input.View, setup.Output.View);
        using var alone = new TestMatrix(1, 1, seed: 1);
        foreach (int sample in new[] { 0, 31, 49 })
        {
            setup.Input.Row(sample).CopyTo(setup.Input.Row(0));
            setup.Tower.Forward(setup.Input.View.Top(1), alone.View);
            Assert.Equal(setup.Output[sample, 0], alone[0, 0]);
        }
    }

    [Fact]
    public void Changed_parameters_count_from_the_next_pass_on()
    {
        using var setup = new Case([4, 3, 2], 6, true, 1, InstructionSets.Supported[^1], 5);
        setup.Step();
        foreach (Parameter parameter in setup.Tower.Parameters)
        {
            parameter.Value.Span.Clear();
        }

        setup.Tower.Parameters[^1].Value.Span.Fill(2.5f);
        setup.Tower.ParametersChanged();
        setup.Step();
        Assert.Equal(2.5f, setup.Output[3, 1]);
        Assert.Equal(0, setup.InputGradient[3, 1]);
    }

    [Fact]
    public void A_step_allocates_no_managed_memory()
    {
        using var setup = new Case([13, 70, 33, 1], 129, true, 2, InstructionSets.Supported[^1], 5);
        setup.Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 3; i++)
        {
            setup.Tower.ParametersChanged();
            setup.Step();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Nothing_beside_the_outputs_is_written()
    {
        using var setup = new Case([7, 20, 5], 13, false, 2, InstructionSets.Supported[^1], 9);
        setup.Step();
        Assert.True(setup.Output.IsSurroundIntact);
        Assert.True(setup.InputGradient.IsSurroundIntact);
        Assert.True(setup.OutputGradient.IsSurroundIntact);
    }

    [Fact]
    public void An_empty_batch_has_no_gradient()
    {
        using var setup = new Case([4, 3, 2], 6, true, 1, InstructionSets.Supported[^1], 5);
        setup.Step();
        setup.Tower.Forward(setup.Input.View.Top(0), setup.Output.View.Top(0));
        setup.Tower.Backward(
            setup.Input.View.Top(0), setup.Output.View.Top(0), setup.OutputGradient.View.Top(0), default);
        Assert.All(setup.Tower.Parameters, parameter => Assert.All(parameter.Gradient!.Span.ToArray(), g => Assert.Equal(0, g)));
    }

    [Fact]
    public void A_wrong_shape_is_named()
    {
        using var setup = new Case([4, 3, 2], 6, true, 1, InstructionSets.Supported[^1], 5);
        Assert.Equal(
            "output is 6 × 1; expected 6 × 2. (Parameter 'output')",
            Assert.Throws<ArgumentException>(
                () => setup.Tower.Forward(setup.Input.View, setup.Output.View.ColumnRange(0, 1))).Message);
        Assert.Throws<ArgumentException>(
            () => new Mlp(setup.Engine, "x", [3, 0, 1], logitOutput: true, training: true));
        using var scorer = new Mlp(setup.Engine, "x", [4, 3, 2], logitOutput: true, training: false);
        Assert.Throws<InvalidOperationException>(
            () => scorer.Backward(setup.Input.View, setup.Output.View, setup.OutputGradient.View, default));
        Assert.All(scorer.Parameters, parameter => Assert.Null(parameter.Gradient));
    }

    [Fact]
    public void A_tower_for_inference_gives_the_same_scores()
    {
        using var setup = new Case([9, 40, 70, 50, 20, 3], 21, true, 1, InstructionSets.Supported[^1], 15);
        setup.Step();
        using var scorer = new Mlp(setup.Engine, "x", [9, 40, 70, 50, 20, 3], logitOutput: true, training: false);
        foreach ((Parameter from, Parameter to) in setup.Tower.Parameters.Zip(scorer.Parameters))
        {
            from.Value.Span.CopyTo(to.Value.Span);
        }

        using var output = new TestMatrix(21, 3, seed: 1);
        scorer.Forward(setup.Input.View, output.View);
        for (int row = 0; row < 21; row++)
        {
            Assert.True(output.Row(row).SequenceEqual(setup.Output.Row(row)));
        }
    }

    /// <summary>A tower with random parameters, an input and a gradient that comes in.</summary>
    private sealed class Case : IDisposable
    {
        public Case(int[] widths, int batch, bool logitOutput, int threads, InstructionSet set, uint seed)
        {
            Engine = new Engine(threads, set);
            Tower = new Mlp(Engine, "t", widths, logitOutput, training: true);
            Widths = widths;
            LogitOutput = logitOutput;
            foreach (Parameter parameter in Tower.Parameters)
            {
                using var values = new TestMatrix(1, (int)parameter.Value.Length, ++seed);
                values.Row(0).CopyTo(parameter.Value.Span);
            }

            Input = new TestMatrix(batch, widths[0], ++seed);
            Output = new TestMatrix(batch, widths[^1], ++seed);
            OutputGradient = new TestMatrix(batch, widths[^1], ++seed);
            InputGradient = new TestMatrix(batch, widths[0], ++seed);
        }

        public Engine Engine { get; }

        public Mlp Tower { get; }

        public int[] Widths { get; }

        public bool LogitOutput { get; }

        public TestMatrix Input { get; }

        public TestMatrix Output { get; }

        public TestMatrix OutputGradient { get; }

        public TestMatrix InputGradient { get; }

        public void Step()
        {
            Tower.Forward(Input.View, Output.View);
            Tower.Backward(Input.View, Output.View, OutputGradient.View, InputGradient.View);
        }

        public byte[] Bytes()
        {
            var bytes = new List<byte>();
            for (int row = 0; row < Output.View.Rows; row++)
            {
                bytes.AddRange(MemoryMarshal.AsBytes(Output.Row(row)));
                bytes.AddRange(MemoryMarshal.AsBytes(InputGradient.Row(row)));
            }

            foreach (Parameter parameter in Tower.Parameters)
            {
                bytes.AddRange(MemoryMarshal.AsBytes(parameter.Gradient!.Span));
            }

            return [.. bytes];
        }

        public void Dispose()
        {
            Tower.Dispose();
            Input.Dispose();
            Output.Dispose();
            OutputGradient.Dispose();
            InputGradient.Dispose();
            Engine.Dispose();
        }
    }

    /// <summary>The same tower in double precision; the loss is the sum of output × gradient that comes in.</summary>
    private sealed class Twin
    {
        private readonly Case _case;
        private readonly double[] _input;
        private readonly double[][] _parameters;

        public Twin(Case source)
        {
            _case = source;
            int columns = source.Widths[0];
            _input = [.. Enumerable.Range(0, source.Input.View.Rows * columns)
                .Select(i => (double)source.Input[i / columns, i % columns])];
            _parameters = [.. source.Tower.Parameters.Select(p => p.Value.Span.ToArray().Select(v => (double)v).ToArray())];
            Output = Forward();
        }

        public double[][] Output { get; }

        public IEnumerable<(double[] Values, Func<int, float> Gradient, string Name)> Variables
        {
            get
            {
                int columns = _case.Widths[0];
                yield return (_input, i => _case.InputGradient[i / columns, i % columns], "input");
                foreach ((double[] values, Parameter parameter) in _parameters.Zip(_case.Tower.Parameters))
                {
                    yield return (values, i => parameter.Gradient![i], parameter.Name);
                }
            }
        }

        public double Loss() =>
            Forward().Select((row, r) => row.Select((y, c) => y * _case.OutputGradient[r, c]).Sum()).Sum();

        private double[][] Forward()
        {
            int[] widths = _case.Widths;
            double[][] x = [.. _input.Chunk(widths[0])];
            for (int layer = 0; layer + 1 < widths.Length; layer++)
            {
                double[] w = _parameters[2 * layer], b = _parameters[(2 * layer) + 1];
                bool relu = !(_case.LogitOutput && layer + 2 == widths.Length);
                x = [.. x.Select(row => Enumerable.Range(0, widths[layer + 1])
                    .Select(o => b[o] + row.Select((value, i) => value * w[(o * row.Length) + i]).Sum())
                    .Select(y => relu ? Math.Max(0, y) : y)
                    .ToArray())];
            }

            return x;
        }
    }
}
