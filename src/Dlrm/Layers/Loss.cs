namespace Dlrm.Layers;

/// <summary>
/// A loss over a batch of logits: the sigmoid, the optional clamp of the probability, and the mean over the batch.
/// </summary>
/// <remarks>
/// One pass turns logits z into probabilities p = clamp(σ(z), t, 1 − t), the loss, and its gradient with respect to z.
/// The loss is summed in double precision in sample order. Small beside the towers, so one thread does it.
/// </remarks>
public abstract class Loss
{
    /// <summary>Fixes the clamp.</summary>
    /// <param name="name">The name on the command line, e.g. <c>bce</c>.</param>
    /// <param name="threshold">t of <c>--loss-threshold</c>; outside (0, 1) there is no clamp.</param>
    protected Loss(string name, float threshold)
    {
        Name = name;
        Threshold = threshold is > 0 and < 1 ? threshold : 0;
    }

    /// <summary>The name on the command line.</summary>
    public string Name { get; }

    /// <summary>The clamp in use, 0 for none.</summary>
    public float Threshold { get; }

    /// <summary>The loss over a batch, its probabilities and its gradient.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="logits">z, (B).</param>
    /// <param name="labels">(B), in [0, 1].</param>
    /// <param name="probabilities">p, (B), out; after the clamp.</param>
    /// <param name="logitGradient">∂loss/∂z, (B), out.</param>
    /// <returns>The mean loss over the batch.</returns>
    public float Compute(
        Engine engine,
        ReadOnlySpan<float> logits,
        ReadOnlySpan<float> labels,
        Span<float> probabilities,
        Span<float> logitGradient) =>
        ComputeWeighted(engine, logits, labels, [], probabilities, logitGradient);

    /// <summary>The loss over a batch whose samples have weights: the mean over the batch of weight times loss.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="logits">z, (B).</param>
    /// <param name="labels">(B), in [0, 1].</param>
    /// <param name="weights">(B), 0 or more; empty: each counts as 1.</param>
    /// <param name="probabilities">p, (B), out; after the clamp.</param>
    /// <param name="logitGradient">∂loss/∂z, (B), out.</param>
    /// <returns>Σ weight · loss / B, as PyTorch's <c>weight</c> with the mean gives.</returns>
    public float ComputeWeighted(
        Engine engine,
        ReadOnlySpan<float> logits,
        ReadOnlySpan<float> labels,
        ReadOnlySpan<float> weights,
        Span<float> probabilities,
        Span<float> logitGradient) =>
        (float)(Sum(engine, logits, labels, weights, probabilities, logitGradient, logits.Length) / logits.Length);

    /// <summary>Σ weight · loss over some samples of a batch, in double precision and sample order.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="logits">z, (n).</param>
    /// <param name="labels">(n), in [0, 1].</param>
    /// <param name="weights">(n), 0 or more; empty: each counts as 1.</param>
    /// <param name="probabilities">p, (n), out; after the clamp.</param>
    /// <param name="logitGradient">Of the mean over the batch, (n), out.</param>
    /// <param name="batch">B: samples of the whole batch.</param>
    internal abstract double Sum(
        Engine engine,
        ReadOnlySpan<float> logits,
        ReadOnlySpan<float> labels,
        ReadOnlySpan<float> weights,
        Span<float> probabilities,
        Span<float> logitGradient,
        int batch);

    /// <summary>The same probabilities as <see cref="Compute"/>, without labels.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="logits">z, (B).</param>
    /// <param name="probabilities">p, (B), out; after the clamp.</param>
    public abstract void Predict(Engine engine, ReadOnlySpan<float> logits, Span<float> probabilities);
}
