using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Tests.Kernels;
using Xunit;

namespace Dlrm.Tests.Layers;

public sealed class LossTests
{
    public static TheoryData<InstructionSet> Sets => Bits.Sets;

    public static TheoryData<string> Names => [.. Losses.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_loss_and_its_gradient_are_those_of_the_formula(string name)
    {
        const double Step = 1e-4;
        (float[] logits, float[] labels) = Samples(1300, 12);
        (float loss, float[] p, float[] gradient) = Compute(Create(name), logits, labels);
        double exact = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            exact += Formula(name, logits[i], labels[i]);
            double slope = (Formula(name, logits[i] + Step, labels[i]) - Formula(name, logits[i] - Step, labels[i])) / (2 * Step);
            Assert.Equal(slope / logits.Length, gradient[i], 1e-8 / logits.Length + (1e-6 * Math.Abs(slope) / logits.Length));
            Assert.Equal(Sigmoid(logits[i]), p[i], 1e-7);
        }

        Assert.Equal(exact / logits.Length, loss, 1e-6 * loss);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_set_gives_the_same_bits(InstructionSet set)
    {
        foreach (string name in Losses.Names)
        {
            foreach (float threshold in (float[])[0, 0.01f])
            {
                foreach (int batch in Bits.Lengths)
                {
                    (float[] logits, float[] labels) = Samples(batch, 90);
                    Loss loss = Losses.Create(name, threshold, [1.5, 0.25]);
                    (float expected, float[] p, float[] gradient) = Compute(loss, logits, labels, InstructionSet.Portable);
                    (float actual, float[] actualP, float[] actualGradient) = Compute(loss, logits, labels, set);
                    Bits.AssertSame([expected], [actual]);
                    Bits.AssertSame(p, actualP);
                    Bits.AssertSame(gradient, actualGradient);
                }
            }
        }
    }

    [Fact]
    public void Bce_of_hopeless_samples_is_100_and_has_the_references_gradient()
    {
        // PyTorch, float32: each log is at least −100; (p − t) / max(p (1 − p), 1e−12) · p (1 − p).
        float[] logits = [20, 20, -30, -30, -110, float.PositiveInfinity, float.NegativeInfinity];
        float[] labels = [0, 1, 1, 0, 1, 0, 1];
        (float loss, float[] p, float[] gradient) = Compute(new BceLoss(0), logits, labels);
        Assert.Equal([1, 1, 9.357623e-14f, 9.357623e-14f, 0, 1, 0], p);
        Assert.Equal((float)((100 + 0 + 30.0 + 0 + 100 + 100 + 100) / 7), loss, 1e-5f);
        Assert.Equal([0, 0], gradient[..2]);
        Assert.Equal(-9.357623e-14 / 1e-12 / 7, gradient[2], 1e-7);
        Assert.Equal(9.357623e-14 * 9.357623e-14 / 1e-12 / 7, gradient[3], 1e-21);
        Assert.Equal([0, 0, 0], gradient[4..]);
    }

    [Fact]
    public void Bce_gradient_does_not_cancel()
    {
        // t = 1, z = 16: −σ(−16) = −1.12535e−7, of which 1 − p in floats keeps one bit.
        (_, _, float[] gradient) = Compute(new BceLoss(0), [16], [1]);
        Assert.Equal(-1 / (1 + Math.Exp(16)), gradient[0], 1e-14);
    }

    [Fact]
    public void Soft_labels_take_both_terms()
    {
        (float loss, _, float[] gradient) = Compute(new BceLoss(0), [0.5f], [0.25f]);
        double p = Sigmoid(0.5);
        Assert.Equal(-((0.25 * Math.Log(p)) + (0.75 * Math.Log(1 - p))), loss, 1e-7);
        Assert.Equal(p - 0.25, gradient[0], 1e-7);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_clamp_holds_p_and_stops_the_gradient_outside(string name)
    {
        float edge = (float)-Math.Log(9); // σ = 0.1 to a rounding
        float[] logits = [-5, edge, 0, 5];
        float[] labels = [1, 1, 0, 0];
        (_, float[] free, float[] freeGradient) = Compute(Create(name), logits, labels);
        (_, float[] p, float[] gradient) = Compute(Create(name, free[1]), logits, labels);
        Assert.Equal([free[1], free[1], 0.5f, 1 - free[1]], p);
        Assert.Equal(0, gradient[0]);
        Assert.Equal(freeGradient[1], gradient[1]); // the bound itself counts as inside
        Assert.Equal(freeGradient[2], gradient[2]);
        Assert.Equal(0, gradient[3]);
    }

    [Fact]
    public void The_loss_is_that_of_the_clamped_probability()
    {
        (float loss, _, _) = Compute(new BceLoss(0.2f), [-50, 50], [1, 0]);
        Assert.Equal(-Math.Log(0.2), loss, 1e-6);
    }

    [Fact]
    public void A_threshold_above_one_half_pins_p_to_its_complement_as_in_PyTorch()
    {
        (_, float[] p, float[] gradient) = Compute(new BceLoss(0.75f), [-50, 0, 50], [1, 0, 0]);
        Assert.Equal([0.25f, 0.25f, 0.25f], p);
        Assert.Equal([0, 0, 0], gradient);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    [InlineData(-0.5f)]
    [InlineData(2f)]
    public void A_threshold_outside_0_1_is_none(float threshold) => Assert.Equal(0, new BceLoss(threshold).Threshold);

    [Fact]
    public void Wbce_weights_by_label_and_divides_by_the_batch()
    {
        float[] logits = [1, 1, 1];
        (float loss, _, float[] gradient) = Compute(new WeightedBceLoss(0, 0.5, 3), logits, [0, 1, 0.9f]);
        (float zero, _, float[] zeroGradient) = Compute(new BceLoss(0), [1], [0]);
        (float one, _, float[] oneGradient) = Compute(new BceLoss(0), [1], [1]);
        (float soft, _, float[] softGradient) = Compute(new BceLoss(0), [1], [0.9f]);
        Assert.Equal(((0.5 * zero) + (3 * one) + (0.5 * soft)) / 3, loss, 1e-6);
        Assert.Equal(0.5 * zeroGradient[0] / 3, gradient[0], 1e-7);
        Assert.Equal(3 * oneGradient[0] / 3, gradient[1], 1e-7);
        Assert.Equal(0.5 * softGradient[0] / 3, gradient[2], 1e-7); // the reference truncates the label
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Predict_gives_the_probabilities_of_Compute(string name)
    {
        (float[] logits, float[] labels) = Samples(700, 40);
        Loss loss = Create(name, 0.03f);
        (_, float[] expected, _) = Compute(loss, logits, labels);
        using var engine = new Engine(1);
        var actual = new float[logits.Length];
        loss.Predict(engine, logits, actual);
        Bits.AssertSame(expected, actual);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NaN_logits_stay_visible(string name)
    {
        (float loss, float[] p, _) = Compute(Create(name, 0.1f), [0, float.NaN], [0, 1]);
        Assert.True(float.IsNaN(loss) && float.IsNaN(p[1]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_step_allocates_nothing(string name)
    {
        (float[] logits, float[] labels) = Samples(1000, 10);
        Loss loss = Create(name, 0.01f);
        using var engine = new Engine(1);
        var p = new float[1000];
        var gradient = new float[1000];
        loss.Compute(engine, logits, labels, p, gradient);
        long before = GC.GetAllocatedBytesForCurrentThread();
        loss.Compute(engine, logits, labels, p, gradient);
        loss.Predict(engine, logits, p);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void An_unknown_name_lists_the_known_ones()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Losses.Create("hinge", 0, [1, 1]));
        Assert.Equal("--loss-function=hinge is no loss; choose one of mse, bce, wbce.", error.Message);
    }

    [Fact]
    public void Wbce_needs_two_weights()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Losses.Create("wbce", 0, [1]));
        Assert.Contains("--loss-weights=1: wbce needs two weights", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Losses.Create("wbce", 0, [1, -1]));
        Assert.Throws<ArgumentException>(() => Losses.Create("wbce", 0, [1, double.NaN]));
    }

    [Fact]
    public void Different_lengths_are_refused()
    {
        using var engine = new Engine(1);
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => new MseLoss(0).Compute(engine, new float[3], new float[2], new float[3], new float[3]));
        Assert.Contains("3 logits, but 2 elements of labels", error.Message, StringComparison.Ordinal);
    }

    private static Loss Create(string name, float threshold = 0) => Losses.Create(name, threshold, [0.5, 2]);

    private static (float[] Logits, float[] Labels) Samples(int count, float range)
        => (Bits.Random(count, 11, range), [.. Bits.Random(count, 12).Select(x => x > 0.3f ? 1f : 0f)]);

    private static (float Loss, float[] Probabilities, float[] Gradient) Compute(
        Loss loss, float[] logits, float[] labels, InstructionSet? set = null)
    {
        using var engine = new Engine(1, set);
        var p = new float[logits.Length];
        var gradient = new float[logits.Length];
        float value = loss.Compute(engine, logits, labels, p, gradient);
        return (value, p, gradient);
    }

    private static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));

    /// <summary>One sample's loss in double precision; wbce with weights ½ and 2.</summary>
    private static double Formula(string name, double z, float label)
    {
        double entropy = Math.Log(1 + Math.Exp(label == 1 ? -z : z));
        return name switch
        {
            "mse" => (Sigmoid(z) - label) * (Sigmoid(z) - label),
            "bce" => entropy,
            _ => entropy * (label == 1 ? 2 : 0.5),
        };
    }
}
