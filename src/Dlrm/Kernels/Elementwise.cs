namespace Dlrm.Kernels;

/// <summary>Kernels that see each element alone. Input and output may be the same memory, but not overlap otherwise.</summary>
/// <remarks>
/// Implemented once, by <see cref="Elementwise{TSimd}"/>. Tails are computed one by one with the same operations, so
/// an element's result depends neither on its place nor on the instruction set. One thread: the caller divides.
/// </remarks>
internal abstract class Elementwise
{
    private static readonly Elementwise s_portable = new Elementwise<SimdScalar>();
    private static readonly Elementwise s_vector128 = new Elementwise<Simd128>();
    private static readonly Elementwise s_avx2 = new Elementwise<Simd256>();
    private static readonly Elementwise s_avx512 = new Elementwise<Simd512>();

    private protected Elementwise()
    {
    }

    /// <summary>The kernels for an instruction set: one shared instance each.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static Elementwise For(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => s_avx512,
        InstructionSet.Avx2 => s_avx2,
        InstructionSet.Vector128 => s_vector128,
        _ => s_portable,
    };

    /// <summary>y = e^x, within 1 ulp.</summary>
    /// <param name="x">(n).</param>
    /// <param name="y">(n), out.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public abstract void Exp(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>y = ln x, within 1 ulp.</summary>
    /// <param name="x">(n).</param>
    /// <param name="y">(n), out.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public abstract void Log(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>y = σ(x) = 1 / (1 + e^−x), within 2 ulp.</summary>
    /// <param name="x">(n).</param>
    /// <param name="y">(n), out.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public abstract void Sigmoid(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>p = σ(x) and q = σ(−x) = 1 − p, each within 2 ulp: the complement without cancellation.</summary>
    /// <param name="x">(n).</param>
    /// <param name="p">(n), out.</param>
    /// <param name="q">(n), out.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public abstract void SigmoidBoth(ReadOnlySpan<float> x, Span<float> p, Span<float> q);

    /// <summary>y ← a·x + y, rounded once.</summary>
    /// <param name="a">The factor.</param>
    /// <param name="x">(n).</param>
    /// <param name="y">(n), in and out.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public abstract void ScaleAdd(float a, ReadOnlySpan<float> x, Span<float> y);

    /// <summary>ReLU's backward pass: the gradient becomes 0 where the activation is not above 0.</summary>
    /// <param name="activation">(n), the ReLU's output (or its input).</param>
    /// <param name="gradient">(n), in and out.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public abstract void ReluMask(ReadOnlySpan<float> activation, Span<float> gradient);
}
