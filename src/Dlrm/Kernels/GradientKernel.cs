using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>What happens to a dense gradient before the update rule sees it: its norm, clipping and weight decay.</summary>
internal abstract class GradientKernel
{
    private static readonly GradientKernel[] Kernels =
    [
        new GradientKernel<SimdScalar>(),
        new GradientKernel<Simd128>(),
        new GradientKernel<Simd256>(),
        new GradientKernel<Simd512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static GradientKernel For(InstructionSet set) => Kernels[(int)set];

    /// <summary>Σ g² over elements [start, start + count), in the order of <see cref="Kernels.SumOfSquares"/>.</summary>
    /// <param name="gradient">g.</param>
    /// <param name="start">First element.</param>
    /// <param name="count">Elements.</param>
    public abstract float SumOfSquares(NativeBuffer<float> gradient, long start, int count);

    /// <summary><c>g = fma(decay, w, scale·g)</c> for elements [start, start + count).</summary>
    /// <param name="weights">w.</param>
    /// <param name="gradient">g, in and out; as long.</param>
    /// <param name="start">First element.</param>
    /// <param name="count">Elements.</param>
    /// <param name="scale">1 to leave the gradient's length.</param>
    /// <param name="decay">0 for none.</param>
    public abstract void Prepare(
        NativeBuffer<float> weights, NativeBuffer<float> gradient, long start, int count, float scale, float decay);
}

/// <summary><see cref="GradientKernel"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class GradientKernel<TSimd> : GradientKernel
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <inheritdoc/>
    public override float SumOfSquares(NativeBuffer<float> gradient, long start, int count)
        => Dlrm.Kernels.SumOfSquares.Of<TSimd>(gradient.Data + start, count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Prepare(
        NativeBuffer<float> weights, NativeBuffer<float> gradient, long start, int count, float scale, float decay)
    {
        float* w = weights.Data + start;
        float* g = gradient.Data + start;
        TSimd scales = TSimd.Broadcast(scale);
        TSimd decays = TSimd.Broadcast(decay);
        int place = 0;
        for (; place + TSimd.Lanes <= count; place += TSimd.Lanes)
        {
            TSimd.Store(TSimd.Fma(decays, TSimd.Load(w + place), scales * TSimd.Load(g + place)), g + place);
        }

        for (; place < count; place++)
        {
            g[place] = MathF.FusedMultiplyAdd(decay, w[place], scale * g[place]);
        }
    }
}
