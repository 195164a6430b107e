using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>The elementwise half of a low-rank cross layer, done to each part of a product while it is near.</summary>
/// <remarks>
/// <code>
/// forward:  x' = fma(x₀, v, x)                                      v = C
/// start:    dv = g·x₀,  s = g·v
/// between:  g = g + C,  dv = g·x₀,  s = fma(g, v, s)                dv may be C's memory
/// end:      dx₀ = (g + C) + s
/// </code>
/// All matrices are (B, N); packed, but x' of the last layer and dx₀, which may be row-major. Only columns that belong
/// to the matrix are touched. Elements do not meet, so there is no order of additions.
/// </remarks>
internal abstract class CrossKernel : TileEpilogue
{
    /// <summary>What to compute.</summary>
    public CrossStep Step { get; set; }

    /// <summary>The product: v forward, du · V backward.</summary>
    public PanelMatrix Product { get; set; }

    /// <summary>x₀.</summary>
    public PanelMatrix First { get; set; }

    /// <summary>x forward; v of the layer below backward.</summary>
    public PanelMatrix Input { get; set; }

    /// <summary>x' forward; dv, or dx₀ at the end, backward.</summary>
    public PanelMatrix Output { get; set; }

    /// <summary>g: the gradient of the layer's output, then that of its input.</summary>
    public PanelMatrix Gradient { get; set; }

    /// <summary>s: what x₀ as a factor adds to its gradient.</summary>
    public PanelMatrix Sum { get; set; }

    /// <summary>A kernel for an instruction set; each has its own operands.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static CrossKernel Create(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => new CrossKernel<Simd512>(),
        InstructionSet.Avx2 => new CrossKernel<Simd256>(),
        InstructionSet.Vector128 => new CrossKernel<Simd128>(),
        _ => new CrossKernel<SimdScalar>(),
    };
}

/// <summary>The steps of <see cref="CrossKernel"/>.</summary>
internal enum CrossStep
{
    /// <summary>x'.</summary>
    Forward,

    /// <summary>The last layer's dv and s, from g alone.</summary>
    Start,

    /// <summary>g of the layer below, its dv, and s.</summary>
    Between,

    /// <summary>dx₀.</summary>
    End,
}

/// <summary><see cref="CrossKernel"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class CrossKernel<TSimd> : CrossKernel
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <summary>Rows that are asked for ahead: one page of memory, so that the address is known in time, too.</summary>
    private const int RowsAhead = 32;

    private const int PanelBytes = PanelMatrix.Width * sizeof(float);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Apply(int panel, int row, int rows, int columns)
    {
        int whole = columns / TSimd.Lanes * TSimd.Lanes;
        CrossStep step = Step;
        for (int end = row + rows; row < end; row++)
        {
            int ahead = Math.Min(row + RowsAhead, end - 1);
            Prefetch.Row(First.At(panel, ahead), PanelBytes);
            Prefetch.Row(Input.At(panel, ahead), PanelBytes);
            Prefetch.Row(Output.At(panel, ahead), PanelBytes);
            if (step != CrossStep.Forward)
            {
                Prefetch.Row(Gradient.At(panel, ahead), PanelBytes);
                Prefetch.Row(Sum.At(panel, ahead), PanelBytes);
            }

            float* first = First.At(panel, row);
            float* output = Output.At(panel, row);
            switch (step)
            {
                case CrossStep.Forward:
                    Forward<TSimd>(0, whole, Product.At(panel, row), first, Input.At(panel, row), output);
                    Forward<SimdScalar>(whole, columns, Product.At(panel, row), first, Input.At(panel, row), output);
                    break;
                case CrossStep.End:
                    float* product = Product.At(panel, row);
                    End<TSimd>(0, whole, product, Gradient.At(panel, row), Sum.At(panel, row), output);
                    End<SimdScalar>(whole, columns, product, Gradient.At(panel, row), Sum.At(panel, row), output);
                    break;
                default:
                    float* change = step == CrossStep.Start ? null : Product.At(panel, row);
                    float* gradient = Gradient.At(panel, row);
                    Backward<TSimd>(0, whole, change, first, Input.At(panel, row), gradient, Sum.At(panel, row), output);
                    Backward<SimdScalar>(whole, columns, change, first, Input.At(panel, row), gradient, Sum.At(panel, row), output);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Forward<T>(int start, int end, float* product, float* first, float* input, float* output)
        where T : unmanaged, ISimd<T>
    {
        for (int i = start; i < end; i += T.Lanes)
        {
            T.Store(T.Fma(T.Load(first + i), T.Load(product + i), T.Load(input + i)), output + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Backward<T>(
        int start, int end, float* change, float* first, float* product, float* gradient, float* sum, float* output)
        where T : unmanaged, ISimd<T>
    {
        for (int i = start; i < end; i += T.Lanes)
        {
            T g = T.Load(gradient + i);
            T x = T.Load(first + i);
            T v = T.Load(product + i);
            if (change == null)
            {
                T.Store(g * v, sum + i);
            }
            else
            {
                g += T.Load(change + i);
                T.Store(g, gradient + i);
                T.Store(T.Fma(g, v, T.Load(sum + i)), sum + i);
            }

            T.Store(g * x, output + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End<T>(int start, int end, float* product, float* gradient, float* sum, float* output)
        where T : unmanaged, ISimd<T>
    {
        for (int i = start; i < end; i += T.Lanes)
        {
            T.Store((T.Load(gradient + i) + T.Load(product + i)) + T.Load(sum + i), output + i);
        }
    }
}
