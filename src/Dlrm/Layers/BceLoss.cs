using System.Runtime.CompilerServices;
using Dlrm.Kernels;

namespace Dlrm.Layers;

/// <summary>Binary cross-entropy: mean −(t ln p + (1 − t) ln(1 − p)), t the label.</summary>
/// <remarks>
/// The loss is a function of the float p, as in PyTorch's BCELoss, and keeps its guard: each logarithm is at least −100,
/// which is what p = 0 and p = 1 get. The gradient is taken from the logit. PyTorch divides p − t by
/// max(p (1 − p), 10⁻¹²) and multiplies by p (1 − p) again; where that product is 10⁻¹² or more this is p − t, computed
/// here as (1 − t) p − t σ(−z), which does not cancel. Below, the quotient of the two is kept: the gradient fades for
/// logits under −27.6, and is exactly zero where p rounds to 1. (There the two differ in one thing: our p rounds
/// correctly and becomes 1 at z = 17.33, PyTorch's at 16.64.)
/// </remarks>
public class BceLoss : ProbabilityLoss
{
    private const float LowestLog = -100f;
    private const float LowestProduct = 1e-12f;

    private readonly double _negativeWeight;
    private readonly double _positiveWeight;

    /// <summary>A loss with equal weights.</summary>
    /// <param name="threshold">See <see cref="Loss(string, float)"/>.</param>
    public BceLoss(float threshold)
        : this("bce", threshold, 1, 1)
    {
    }

    private protected BceLoss(string name, float threshold, double negativeWeight, double positiveWeight)
        : base(name, threshold)
    {
        _negativeWeight = negativeWeight;
        _positiveWeight = positiveWeight;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private protected sealed override double Accumulate(
        Elementwise elementwise,
        ReadOnlySpan<float> p,
        Span<float> q,
        ReadOnlySpan<float> labels,
        Span<float> gradient,
        int batch,
        double sum)
    {
        Span<float> logP = stackalloc float[ChunkSize];
        Span<float> logQ = stackalloc float[ChunkSize];
        logP = logP[..p.Length];
        logQ = logQ[..p.Length];
        for (int i = 0; i < p.Length; i++)
        {
            logQ[i] = 1 - p[i];
        }

        elementwise.Log(p, logP);
        elementwise.Log(logQ, logQ);
        float negativeScale = (float)(_negativeWeight / batch);
        float positiveScale = (float)(_positiveWeight / batch);
        for (int i = 0; i < p.Length; i++)
        {
            float label = labels[i];
            bool positive = label >= 1;
            float loss = ((label - 1) * Math.Max(logQ[i], LowestLog)) - (label * Math.Max(logP[i], LowestLog));
            sum += (positive ? _positiveWeight : _negativeWeight) * loss;

            float product = p[i] == 1 ? 0 : p[i] * q[i];
            float kept = product < LowestProduct ? product / LowestProduct : 1;
            float difference = ((1 - label) * p[i]) - (label * q[i]);
            gradient[i] *= (positive ? positiveScale : negativeScale) * difference * kept;
        }

        return sum;
    }
}
