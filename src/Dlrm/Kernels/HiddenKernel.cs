using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Which activation <see cref="HiddenKernel"/> applies.</summary>
internal enum ActivationKind
{
    /// <summary><see cref="ReluActivation"/>.</summary>
    Relu,

    /// <summary><see cref="GeluActivation"/>.</summary>
    Gelu,

    /// <summary><see cref="SiluActivation"/>.</summary>
    Silu,

    /// <summary><see cref="TanhActivation"/>.</summary>
    Tanh,

    /// <summary><see cref="NoActivation"/>.</summary>
    None,
}

/// <summary>What the mean and scale of <see cref="HiddenKernel"/> belong to.</summary>
internal enum NormalizationAxis
{
    /// <summary>There are none.</summary>
    None,

    /// <summary>A column each: batch normalization.</summary>
    Column,

    /// <summary>A row each: layer normalization.</summary>
    Row,
}

/// <summary>What happens to a layer's output z (B, n) before the next layer: normalization, activation, dropout.</summary>
/// <remarks>
/// <code>
/// x̂ = (z − mean) · scale,  a = fma(x̂, γ, β)      scale = 1 / √(variance + ε); a = z without normalization
/// y = f(a) · m                                     m = 0 with probability p, else 1 / (1 − p); 1 without dropout
/// backward, g = ∂loss/∂y:  da = (g · m) · f′(a), in place
/// </code>
/// <para>
/// As a <see cref="TileEpilogue"/> it does that to each part of a product. Normalization besides: statistics of columns
/// (over samples, ascending, plain additions; the variance from differences to the mean, fused) and of rows (16 virtual
/// lanes, then halves: 8, 4, 2, 1, see <see cref="SumOfSquares"/>), and the way back from da to dz,
/// </para>
/// <code>
/// batch: dβ = Σ da, dγ = Σ da·x̂ over samples;  dz = γ·scale · fma(−x̂, dγ/B, da − dβ/B)
/// layer: h = da·γ, s = mean of h, t = mean of h·x̂ over a row;  dz = scale · fma(−x̂, t, h − s)
/// </code>
/// <para>
/// m is <see cref="CounterRandom"/>'s for key (sample) and element (column): 0 where the upper 24 bits are below
/// p · 2²⁴. Buffers of columns have a multiple of 32 elements; padding is computed with and means nothing.
/// </para>
/// </remarks>
internal abstract class HiddenKernel : TileEpilogue
{
    /// <summary>ε of both normalizations, PyTorch's.</summary>
    public const float Epsilon = 1e-5f;

    /// <summary>f.</summary>
    public ActivationKind Activation { get; set; }

    /// <summary>Whether <see cref="TileEpilogue.Apply"/> goes back: from g to da.</summary>
    public bool IsBackward { get; set; }

    /// <summary>z (B, n), packed; forward it may be y's memory.</summary>
    public PanelMatrix Input { get; set; }

    /// <summary>Forward y (B, n), written. Backward g, in, and da, then dz, out: packed.</summary>
    public PanelMatrix Output { get; set; }

    /// <summary>What mean and scale belong to.</summary>
    public NormalizationAxis Axis { get; set; }

    /// <summary>mean.</summary>
    public NativeBuffer<float>? Mean { get; set; }

    /// <summary>scale.</summary>
    public NativeBuffer<float>? Scale { get; set; }

    /// <summary>The biased variance of each column, written by <see cref="ColumnStatistics"/>.</summary>
    public NativeBuffer<float>? Variance { get; set; }

    /// <summary>γ and β, then dγ and dβ, each a multiple of 32 long.</summary>
    public NativeBuffer<float>? Affine { get; set; }

    /// <summary>Elements from γ to β to dγ to dβ in <see cref="Affine"/>.</summary>
    public int AffineStride { get; set; }

    /// <summary>p · 2²⁴ as a whole number; 0 for no dropout.</summary>
    public float DropBelow { get; set; }

    /// <summary>1 / (1 − p).</summary>
    public float KeptScale { get; set; }

    /// <summary>The key of this step and layer.</summary>
    public CounterKey Key { get; set; }

    /// <summary>The sample's number that row 0 has.</summary>
    public long FirstSample { get; set; }

    /// <summary>A kernel for an instruction set; each has its own operands.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static HiddenKernel Create(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => new HiddenKernel<Simd512>(),
        InstructionSet.Avx2 => new HiddenKernel<Simd256>(),
        InstructionSet.Vector128 => new HiddenKernel<Simd128>(),
        _ => new HiddenKernel<SimdScalar>(),
    };

    /// <summary>Mean, variance and scale of a panel's columns over all rows of z.</summary>
    /// <param name="panel">Panel number.</param>
    public abstract void ColumnStatistics(int panel);

    /// <summary>dγ and dβ of a panel's columns from da, and dz in da's place.</summary>
    /// <param name="panel">Panel number.</param>
    public abstract void ColumnBackward(int panel);

    /// <summary>Mean and scale of a row of z.</summary>
    /// <param name="row">Row number.</param>
    /// <param name="scratch">Room for 2·n floats.</param>
    /// <param name="start">The first of them.</param>
    public abstract void RowStatistics(int row, NativeBuffer<float> scratch, long start);

    /// <summary>dγ and dβ of a panel's columns from da, going on from what they hold if <paramref name="accumulate"/>.</summary>
    /// <param name="panel">Panel number.</param>
    /// <param name="accumulate">False to start from 0.</param>
    public abstract void RowAffineGradient(int panel, bool accumulate);

    /// <summary>dz of a row in da's place.</summary>
    /// <param name="row">Row number.</param>
    /// <param name="scratch">Room for 2·n floats.</param>
    /// <param name="start">The first of them.</param>
    public abstract void RowBackward(int row, NativeBuffer<float> scratch, long start);
}
