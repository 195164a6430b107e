using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Layers;

/// <summary>Turns a table's sums into means: each bag's vector, and its gradient on the way back, divided by the bag's length.</summary>
/// <remarks>
/// <code>pooled[b] = r[b] · Σ row[i],   ∂row[i] = Σ r[b] · g[b],   r[b] = 1 / length of bag b, or 0 where it is empty</code>
/// r is rounded once and kept from the forward pass to the update; an empty bag gives 0, as in PyTorch.
/// </remarks>
/// <param name="engine">Says which instructions to use.</param>
internal sealed class MeanPooling(Engine engine) : IDisposable
{
    private readonly RowScale _kernel = RowScale.For(engine.InstructionSet);
    private NativeBuffer<float> _scales = new(0);

    /// <summary>Makes room.</summary>
    /// <param name="samples">B.</param>
    public void Reserve(int samples)
    {
        if (samples > _scales.Length)
        {
            _scales.Dispose();
            _scales = new NativeBuffer<float>(samples);
        }
    }

    /// <summary>Computes r for bags [start, end).</summary>
    /// <param name="offsets">(B + 1).</param>
    /// <param name="start">First bag.</param>
    /// <param name="end">One after the last.</param>
    public void Measure(ReadOnlySpan<int> offsets, int start, int end)
    {
        Span<float> scales = _scales.Span;
        for (int bag = start; bag < end; bag++)
        {
            int length = offsets[bag + 1] - offsets[bag];
            scales[bag] = length == 0 ? 0 : 1f / length;
        }
    }

    /// <summary>Multiplies rows [start, end) by r: sums become means, and gradients of means those of sums.</summary>
    /// <param name="matrix">(B, D), in and out.</param>
    /// <param name="start">First bag.</param>
    /// <param name="end">One after the last.</param>
    public void Apply(MatrixView matrix, int start, int end) => _kernel.Scale(_scales.Span, matrix, start, end);

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _scales.Dispose();
}
