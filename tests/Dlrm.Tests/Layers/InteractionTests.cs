using CsCheck;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Tests.Kernels;
using Xunit;

namespace Dlrm.Tests.Layers;

/// <summary>What holds for every interaction: bits, gradients, threads, allocation, errors.</summary>
public sealed class InteractionTests
{
    private static readonly (string Name, bool Itself)[] s_kinds =
        [("dot", false), ("dot", true), ("dot-dense", false), ("cat", false), ("sum", false)];

    public static TheoryData<InstructionSet> Sets => Bits.Sets;

    public static TheoryData<string, bool> Kinds => [.. s_kinds];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_set_gives_the_bits_of_the_scalar_twin(InstructionSet set)
    {
        (int Features, int Dimension)[] shapes =
            [(2, 1), (2, 3), (3, 2), (4, 16), (5, 7), (6, 4), (9, 64), (27, 16), (8, 33), (27, 130), (11, 67)];
        int[] batches = [0, 1, 2, 15, 16, 17, 31, 33];
        int round = 0;
        foreach ((string name, bool itself) in s_kinds)
        {
            foreach ((int features, int dimension) in shapes)
            {
                int batch = batches[round++ % batches.Length];
                CompareWithTwin(set, name, itself, features, dimension, batch, padding: round % 3);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Any_shape_gives_the_bits_of_the_scalar_twin(InstructionSet set)
        => Gen.Select(Gen.Int[2, 14], Gen.Int[1, 40], Gen.Int[0, 40], Gen.Bool)
            .Sample(
                (features, dimension, batch, itself) =>
                    CompareWithTwin(set, itself ? "dot-dense" : "dot", itself, features, dimension, batch, padding: 3),
                iter: 60);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_gradient_is_the_finite_difference(string name, bool itself)
    {
        const double Step = 1e-5;
        Interaction interaction = Interactions.Create(name, itself, 5, 6);
        using var fixture = new InteractionFixture(interaction, 3, 0, seed: 5);
        fixture.Run(InstructionSets.Choose());
        for (int sample = 0; sample < 3; sample++)
        {
            double[] features = [.. fixture.Features.Row(sample).ToArray().Select(x => (double)x)];
            float[] outputGradient = fixture.OutputGradient.Row(sample).ToArray();
            for (int i = 0; i < features.Length; i++)
            {
                double saved = features[i];
                features[i] = saved + Step;
                double above = InteractionTwin.Loss(name, itself, 5, 6, features, outputGradient);
                features[i] = saved - Step;
                double below = InteractionTwin.Loss(name, itself, 5, 6, features, outputGradient);
                features[i] = saved;
                Assert.Equal((above - below) / (2 * Step), fixture.FeatureGradient.Row(sample)[i], 2e-6);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Any_number_of_threads_gives_the_same_bits(string name, bool itself)
    {
        Interaction interaction = Interactions.Create(name, itself, 7, 10);
        using var one = new InteractionFixture(interaction, 83, 2, seed: 6);
        one.Run(InstructionSets.Choose());
        foreach (int threads in (int[])[2, 3, 5])
        {
            using var many = new InteractionFixture(interaction, 83, 2, seed: 6);
            many.Run(InstructionSets.Choose(), threads);
            AssertSame(one, many);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_step_allocates_nothing(string name, bool itself)
    {
        Interaction interaction = Interactions.Create(name, itself, 27, 16);
        using var fixture = new InteractionFixture(interaction, 40, 0, seed: 7);
        using var engine = new Engine(1);
        Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Step();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Step()
        {
            interaction.Forward(engine, fixture.Features, fixture.Output);
            interaction.Backward(engine, fixture.Features, fixture.OutputGradient, fixture.FeatureGradient);
        }
    }

    [Theory]
    [InlineData("dot", false, 27, 16, 367)]
    [InlineData("dot", true, 27, 16, 394)]
    [InlineData("dot-dense", false, 27, 16, 42)]
    [InlineData("cat", false, 27, 16, 432)]
    [InlineData("sum", false, 27, 16, 32)]
    public void The_width_is_the_references(string name, bool itself, int features, int dimension, int width)
    {
        Interaction interaction = Interactions.Create(name, itself, features, dimension);
        Assert.Equal(width, interaction.Width);
        Assert.Equal(name, interaction.Name);
        Assert.Equal(name == "cat", interaction.IsIdentity);
    }

    [Fact]
    public void Dot_lists_x_then_pairs_row_by_row_and_skips_the_diagonal()
    {
        // x = (1, 2), e1 = (3, 4), e2 = (5, 6).
        Assert.Equal([1, 2, 11, 17, 39], Output("dot", itself: false));
        Assert.Equal([1, 2, 5, 11, 25, 17, 39, 61], Output("dot", itself: true));
        Assert.Equal([1, 2, 11, 17], Output("dot-dense", itself: false));
        Assert.Equal([1, 2, 3, 4, 5, 6], Output("cat", itself: false));
        Assert.Equal([1, 2, 8, 10], Output("sum", itself: false));

        static float[] Output(string name, bool itself)
        {
            using var fixture = new InteractionFixture(Interactions.Create(name, itself, 3, 2), 1, 0, 0);
            float[] features = [1, 2, 3, 4, 5, 6];
            features.CopyTo(fixture.Features.Row(0));
            fixture.Run(InstructionSets.Choose());
            return fixture.Output.Row(0).ToArray();
        }
    }

    [Fact]
    public void Many_long_features_work_without_the_stack()
        => CompareWithTwin(InstructionSets.Choose(), "dot", false, features: 120, dimension: 70, batch: 18, padding: 1);

    [Fact]
    public void An_unknown_name_lists_the_known_ones()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Interactions.Create("dots", false, 3, 2));
        Assert.Equal("--arch-interaction-op=dots is no interaction; choose one of dot, dot-dense, cat, sum, dcn.", error.Message);
    }

    [Fact]
    public void Wrong_shapes_are_refused_with_the_right_ones()
    {
        using var engine = new Engine(1);
        using var right = new InteractionFixture(Interactions.Create("dot", false, 3, 2), 4, 0, 0);
        using var wrong = new InteractionFixture(Interactions.Create("dot", false, 3, 3), 4, 0, 0);
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => right.Interaction.Forward(engine, wrong.Features, right.Output));
        Assert.Contains("(4, 9)", error.Message, StringComparison.Ordinal);
        Assert.Contains("(B, 6)", error.Message, StringComparison.Ordinal);
    }

    private static void CompareWithTwin(
        InstructionSet set, string name, bool itself, int features, int dimension, int batch, int padding)
    {
        using var fixture = new InteractionFixture(
            Interactions.Create(name, itself, features, dimension), batch, padding, seed: features);
        fixture.Run(set);
        for (int sample = 0; sample < batch; sample++)
        {
            float[] row = fixture.Features.Row(sample).ToArray();
            Bits.AssertSame(
                InteractionTwin.Forward(name, itself, features, dimension, row), fixture.Output.Row(sample));
            Bits.AssertSame(
                InteractionTwin.Backward(
                    name, itself, features, dimension, row, fixture.OutputGradient.Row(sample).ToArray()),
                fixture.FeatureGradient.Row(sample));
        }
    }

    private static void AssertSame(InteractionFixture expected, InteractionFixture actual)
    {
        for (int sample = 0; sample < expected.Batch; sample++)
        {
            Bits.AssertSame(expected.Output.Row(sample), actual.Output.Row(sample));
            Bits.AssertSame(expected.FeatureGradient.Row(sample), actual.FeatureGradient.Row(sample));
        }
    }
}
