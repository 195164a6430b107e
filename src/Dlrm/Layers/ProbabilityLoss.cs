using System.Runtime.CompilerServices;
using Dlrm.Kernels;

namespace Dlrm.Layers;

/// <summary>What all losses share: σ and its complement in vectors, the clamp, the sum in sample order.</summary>
/// <remarks>
/// The batch goes through in chunks that fit the stack. For each sample a loss gets p = σ(z) after the clamp,
/// q = 1 − p, and whether p lay inside the clamp (bounds included): outside, the clamp's gradient is zero.
/// Without a clamp q is σ(−z), computed from the logit, so that 1 − p never cancels.
/// </remarks>
public abstract class ProbabilityLoss : Loss
{
    /// <summary>Samples at a time.</summary>
    private protected const int ChunkSize = 512;

    private readonly float _lowest;
    private readonly float _highest;

    private protected ProbabilityLoss(string name, float threshold)
        : base(name, threshold)
    {
        // Rounded as the reference does: 1 − t in double precision, then to float.
        _lowest = Threshold;
        _highest = (float)(1.0 - Threshold);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal sealed override double Sum(
        Engine engine,
        ReadOnlySpan<float> logits,
        ReadOnlySpan<float> labels,
        ReadOnlySpan<float> weights,
        Span<float> probabilities,
        Span<float> logitGradient,
        int batch)
    {
        if (!weights.IsEmpty)
        {
            RequireLength(nameof(weights), weights.Length, logits.Length);
        }

        RequireLength(nameof(labels), labels.Length, logits.Length);
        RequireLength(nameof(probabilities), probabilities.Length, logits.Length);
        RequireLength(nameof(logitGradient), logitGradient.Length, logits.Length);
        var elementwise = Elementwise.For(engine.InstructionSet);
        Span<float> complement = stackalloc float[ChunkSize];
        double sum = 0;
        for (int start = 0; start < logits.Length; start += ChunkSize)
        {
            int count = Math.Min(ChunkSize, logits.Length - start);
            Span<float> p = probabilities.Slice(start, count);
            Span<float> gradient = logitGradient.Slice(start, count);
            Span<float> q = complement[..count];
            elementwise.SigmoidBoth(logits.Slice(start, count), p, q);
            MarkInside(p, gradient);
            Clamp(p, q);
            if (weights.IsEmpty)
            {
                sum = Accumulate(elementwise, p, q, labels.Slice(start, count), gradient, batch, sum);
                continue;
            }

            // One sample at a time: its own loss is needed to be weighted. An element's result does not depend on its place.
            for (int sample = 0; sample < count; sample++)
            {
                float weight = weights[start + sample];
                double own = Accumulate(
                    elementwise, p.Slice(sample, 1), q.Slice(sample, 1), labels.Slice(start + sample, 1),
                    gradient.Slice(sample, 1), batch, 0);
                sum += weight * own;
                gradient[sample] *= weight;
            }
        }

        return sum;
    }

    /// <inheritdoc/>
    public sealed override void Predict(Engine engine, ReadOnlySpan<float> logits, Span<float> probabilities)
    {
        RequireLength(nameof(probabilities), probabilities.Length, logits.Length);
        Elementwise.For(engine.InstructionSet).Sigmoid(logits, probabilities);
        Clamp(probabilities, []);
    }

    /// <summary>Adds the losses of a chunk one after the other, and leaves their gradients.</summary>
    /// <param name="elementwise">The kernels.</param>
    /// <param name="p">Probabilities, (n).</param>
    /// <param name="q">Their complements, (n); may be overwritten.</param>
    /// <param name="labels">(n).</param>
    /// <param name="gradient">(n), in: 1 inside the clamp, 0 outside; out: ∂loss/∂z.</param>
    /// <param name="batch">B, what the mean divides by.</param>
    /// <param name="sum">The losses of the samples before.</param>
    /// <returns>The sum with this chunk's losses.</returns>
    private protected abstract double Accumulate(
        Elementwise elementwise,
        ReadOnlySpan<float> p,
        Span<float> q,
        ReadOnlySpan<float> labels,
        Span<float> gradient,
        int batch,
        double sum);

    private static void RequireLength(string what, int got, int expected)
    {
        if (got != expected)
        {
            throw new ArgumentException($"A loss got {expected} logits, but {got} elements of {what}; they must be equal.", what);
        }
    }

    private void MarkInside(ReadOnlySpan<float> p, Span<float> inside)
    {
        if (Threshold == 0)
        {
            inside.Fill(1);
            return;
        }

        for (int i = 0; i < p.Length; i++)
        {
            inside[i] = p[i] >= _lowest && p[i] <= _highest ? 1 : 0;
        }
    }

    private void Clamp(Span<float> p, Span<float> q)
    {
        if (Threshold == 0)
        {
            return;
        }

        for (int i = 0; i < p.Length; i++)
        {
            // The upper bound is applied last, as in PyTorch, where it wins if t > ½. NaN stays.
            float raised = p[i] < _lowest ? _lowest : p[i];
            float clamped = raised > _highest ? _highest : raised;
            if (clamped != p[i] && q.Length > 0)
            {
                q[i] = 1 - clamped;
            }

            p[i] = clamped;
        }
    }
}
