using System.Runtime.CompilerServices;
using Dlrm.Kernels;

namespace Dlrm.Layers;

/// <summary>Mean squared error of the probability: mean (p − t)².</summary>
/// <remarks>Gradient: 2 (p − t) · p (1 − p) / B, with 1 − p = σ(−z).</remarks>
public sealed class MseLoss : ProbabilityLoss
{
    /// <summary>A loss.</summary>
    /// <param name="threshold">See <see cref="Loss(string, float)"/>.</param>
    public MseLoss(float threshold)
        : base("mse", threshold)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private protected override double Accumulate(
        Elementwise elementwise,
        ReadOnlySpan<float> p,
        Span<float> q,
        ReadOnlySpan<float> labels,
        Span<float> gradient,
        int batch,
        double sum)
    {
        float scale = 2f / batch;
        for (int i = 0; i < p.Length; i++)
        {
            float difference = p[i] - labels[i];
            sum += difference * difference;
            gradient[i] *= scale * difference * (p[i] * q[i]);
        }

        return sum;
    }
}
