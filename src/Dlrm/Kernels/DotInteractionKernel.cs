using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Products of all pairs of a sample's features, and their gradient.</summary>
/// <remarks>
/// <para>
/// T (F, D) are a sample's features. Forward: the output is T₀, then Σ_k T_i[k] · T_j[k] for i = 0, 1, … and j below i
/// (with itself, up to i); k ascending, acc ← fma(T_i[k], T_j[k], acc) from 0.
/// </para>
/// <para>
/// Backward, dz the gradient of the products: let S_ij = S_ji = dz_ij, S_ii = 0, or 2 dz_ii with itself. Then
/// dT_i[k] = Σ_j S_ij · T_j[k], j ascending over all features, acc ← fma(T_j[k], S_ij, acc), from 0, or for feature 0
/// from the gradient of the copy of T₀ at the head of the output.
/// </para>
/// <para>
/// Samples are the lanes: a group of W samples is transposed into registers, so that no lane idles for any F and D and
/// no sum crosses lanes. The last group overlaps the one before (the same results once more); fewer samples than lanes
/// go through narrower registers. Long features are multiplied in slices of D that stay in the first-level cache.
/// </para>
/// </remarks>
internal abstract class DotInteractionKernel
{
    private static readonly DotInteractionKernel s_portable = new DotInteractionKernel<SimdScalar>(null);
    private static readonly DotInteractionKernel s_vector128 = new DotInteractionKernel<Simd128>(s_portable);
    private static readonly DotInteractionKernel s_avx2 = new DotInteractionKernel<Simd256>(s_vector128);
    private static readonly DotInteractionKernel s_avx512 = new DotInteractionKernel<Simd512>(s_avx2);

    private protected DotInteractionKernel()
    {
    }

    /// <summary>The kernel for an instruction set: one shared instance each.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static DotInteractionKernel For(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => s_avx512,
        InstructionSet.Avx2 => s_avx2,
        InstructionSet.Vector128 => s_vector128,
        _ => s_portable,
    };

    /// <summary>The output of samples [start, end).</summary>
    /// <param name="shape">F, D, pairs.</param>
    /// <param name="features">(B, F·D).</param>
    /// <param name="output">(B, D + pairs), out; must not overlap the features.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">The one after the last.</param>
    public abstract void Forward(in DotInteractionShape shape, MatrixView features, MatrixView output, int start, int end);

    /// <summary>The gradient of the features of samples [start, end).</summary>
    /// <param name="shape">F, D, pairs.</param>
    /// <param name="features">(B, F·D).</param>
    /// <param name="outputGradient">(B, D + pairs).</param>
    /// <param name="featureGradient">(B, F·D), out; must not overlap the others.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">The one after the last.</param>
    public abstract void Backward(
        in DotInteractionShape shape,
        MatrixView features,
        MatrixView outputGradient,
        MatrixView featureGradient,
        int start,
        int end);
}
