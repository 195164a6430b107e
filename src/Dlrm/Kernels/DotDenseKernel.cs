using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Products of a sample's first feature with each of the others, and their gradient.</summary>
/// <remarks>
/// Order of additions: see <see cref="Layers.DotDenseInteraction"/>. Forward, samples are the lanes (as in
/// <see cref="DotInteractionKernel"/>); backward nothing is summed along a feature, so lanes are its elements.
/// </remarks>
internal abstract class DotDenseKernel
{
    private static readonly DotDenseKernel s_portable = new DotDenseKernel<SimdScalar>(null);
    private static readonly DotDenseKernel s_vector128 = new DotDenseKernel<Simd128>(s_portable);
    private static readonly DotDenseKernel s_avx2 = new DotDenseKernel<Simd256>(s_vector128);
    private static readonly DotDenseKernel s_avx512 = new DotDenseKernel<Simd512>(s_avx2);

    private protected DotDenseKernel()
    {
    }

    /// <summary>The kernel for an instruction set: one shared instance each.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static DotDenseKernel For(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => s_avx512,
        InstructionSet.Avx2 => s_avx2,
        InstructionSet.Vector128 => s_vector128,
        _ => s_portable,
    };

    /// <summary>The output of samples [start, end).</summary>
    /// <param name="dimension">D.</param>
    /// <param name="features">(B, F·D).</param>
    /// <param name="output">(B, D + F − 1), out; must not overlap the features.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">The one after the last.</param>
    public abstract void Forward(int dimension, MatrixView features, MatrixView output, int start, int end);

    /// <summary>The gradient of the features of samples [start, end).</summary>
    /// <param name="dimension">D.</param>
    /// <param name="features">(B, F·D).</param>
    /// <param name="outputGradient">(B, D + F − 1).</param>
    /// <param name="featureGradient">(B, F·D), out; must not overlap the others.</param>
    /// <param name="start">First sample.</param>
    /// <param name="end">The one after the last.</param>
    public abstract void Backward(
        int dimension, MatrixView features, MatrixView outputGradient, MatrixView featureGradient, int start, int end);
}
