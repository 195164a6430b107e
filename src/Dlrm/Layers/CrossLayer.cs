using System.Globalization;
using Dlrm.Kernels;

namespace Dlrm.Layers;

/// <summary>One layer of <see cref="CrossInteraction"/>: its parameters and what it keeps for the way back.</summary>
internal sealed class CrossLayer : IDisposable
{
    /// <summary>A layer with zeroed parameters.</summary>
    /// <param name="kernel">The microkernel.</param>
    /// <param name="number">l.</param>
    /// <param name="width">N.</param>
    /// <param name="rank">r.</param>
    /// <param name="training">Whether gradients are kept.</param>
    public CrossLayer(GemmKernel kernel, int number, int width, int rank, bool training)
    {
        string layer = number.ToString(CultureInfo.InvariantCulture);
        Down = new Linear(kernel, new Parameter($"inter.V_kernels.{layer}", [rank, width], training), bias: null, relu: false);
        Up = new Linear(
            kernel,
            new Parameter($"inter.W_kernels.{layer}", [width, rank], training),
            new Parameter($"inter.bias.{layer}", [width], training),
            relu: false);
    }

    /// <summary>u = x · Vᵀ, from N to r.</summary>
    public Linear Down { get; }

    /// <summary>v = u · Wᵀ + b, from r to N.</summary>
    public Linear Up { get; }

    /// <summary>x (B, N).</summary>
    public PanelBuffer Input { get; } = new();

    /// <summary>u (B, r).</summary>
    public PanelBuffer Narrow { get; } = new();

    /// <summary>v (B, N).</summary>
    public PanelBuffer Factor { get; } = new();

    /// <inheritdoc/>
    public void Dispose()
    {
        Down.Dispose();
        Up.Dispose();
        Input.Dispose();
        Narrow.Dispose();
        Factor.Dispose();
    }
}
