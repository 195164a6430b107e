using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>How a row of inputs became bytes: x ≈ scale · (q − zero).</summary>
/// <param name="Scale">The step.</param>
/// <param name="Zero">What 0 became, 0 … 255.</param>
internal readonly record struct ByteScale(float Scale, int Zero);

/// <summary>
/// A layer in bytes, Y = relu(X · Wᵀ + b): inputs are quantized a row at a time (8 bits, as they come), weights have one
/// scale, sums are whole numbers.
/// </summary>
/// <remarks>
/// <code>
/// q (B, K) = round(x / scale_b) + zero_b,   scale_b and zero_b from the least and the largest element of row b and 0
/// y[b, n] = fma(float(Σ q[b, k] · w[n, k] − zero_b · Σ w[n, k]), scale_b · scale, bias[n])
/// </code>
/// As PyTorch's dynamically quantized Linear computes a batch of one sample; that takes one scale for a batch, here a
/// sample's scores do not depend on the others. Halves are rounded to even. Whole numbers have no order, so every
/// instruction set gives the same bits.
/// </remarks>
internal abstract unsafe class Int8Kernel
{
    /// <summary>Outputs whose weights lie together: four of one, four of the next, ….</summary>
    public const int Panel = 16;

    /// <summary>Rows at a time.</summary>
    public const int RowBlock = 64;

    /// <summary>Inputs at most: more could exceed the range of a sum.</summary>
    public const int MostInputs = 65_000;

    private static readonly Int8Kernel Vector512Kernel = AvxVnni.IsSupported
        ? new Int8Kernel<Simd512, Dot256>()
        : new Int8Kernel<Simd512, Dot512>();

    private static readonly Int8Kernel[] Kernels =
    [
        new Int8Kernel<SimdScalar, DotScalar>(), new Int8Kernel<Simd128, Dot128>(), new Int8Kernel<Simd256, Dot256>(),
        Vector512Kernel,
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static Int8Kernel For(InstructionSet set) => Kernels[(int)set];

    /// <summary>K rounded up to whole groups of four.</summary>
    /// <param name="inputs">K.</param>
    public static int PaddedInputs(int inputs) => (inputs + 3) & ~3;

    /// <summary>Quantizes rows.</summary>
    /// <param name="x">(B, K).</param>
    /// <param name="first">The first row.</param>
    /// <param name="rows">Rows, <see cref="RowBlock"/> at most.</param>
    /// <param name="quantized">(rows, padded K), out; what is beyond K stays.</param>
    /// <param name="scales">(rows), out.</param>
    public abstract void Quantize(PanelMatrix x, int first, int rows, byte* quantized, ByteScale* scales);

    /// <summary>The sums of a panel: sums[r, n] = Σ q[r, k] · w[n, k].</summary>
    /// <param name="quantized">(rows, padded K).</param>
    /// <param name="stride">Padded K.</param>
    /// <param name="rows">Rows, 8 at most.</param>
    /// <param name="weights">The panel, (padded K / 4, 16, 4).</param>
    /// <param name="sums">(8, 16), out.</param>
    public abstract void Multiply(byte* quantized, int stride, int rows, sbyte* weights, int* sums);

    /// <summary>What rows with this range are quantized by, as PyTorch chooses it.</summary>
    /// <param name="least">The least element.</param>
    /// <param name="most">The largest.</param>
    public static ByteScale ScaleOf(float least, float most)
    {
        const float SmallScale = 6.1e-5f; // PyTorch's, for processors that take denormal numbers for 0
        float low = Math.Min(least, 0);
        float high = Math.Max(most, 0);
        double scale = ((double)high - low) / 255;
        if ((float)scale == 0 || float.IsInfinity(1 / (float)scale))
        {
            scale = 0.1;
        }

        if (scale < SmallScale)
        {
            float before = (float)scale;
            scale = SmallScale;
            if (low == 0)
            {
                high = SmallScale * 255;
            }
            else if (high == 0)
            {
                low = -SmallScale * 255;
            }
            else
            {
                float amplifier = SmallScale / before;
                low *= amplifier;
                high *= amplifier;
            }
        }

        double fromLow = -(low / scale);
        double fromHigh = 255 - (high / scale);
        double errorLow = Math.Abs(low / scale);
        double errorHigh = 255 + Math.Abs(high / scale);
        double zero = errorLow < errorHigh ? fromLow : fromHigh;
        return new ByteScale((float)scale, (int)Math.Clamp(Math.Round(zero, MidpointRounding.ToEven), 0, 255));
    }
}

/// <summary><see cref="Int8Kernel"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register of floats.</typeparam>
/// <typeparam name="TDot">The register of sums.</typeparam>
internal sealed unsafe class Int8Kernel<TSimd, TDot> : Int8Kernel
    where TSimd : unmanaged, ISimd<TSimd>
    where TDot : unmanaged, IDotLanes<TDot>
{
    private const float RoundingShift = 12582912; // 1.5 · 2²³: added, it leaves no bits after the point
    private const int RoundingShiftBits = 0x4B400000;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public override void Quantize(PanelMatrix x, int first, int rows, byte* quantized, ByteScale* scales)
    {
        int* whole = stackalloc int[PanelMatrix.Width];
        int stride = PaddedInputs(x.Columns);
        for (int row = 0; row < rows; row++, quantized += stride)
        {
            ByteScale scale = ScaleOf(x, first + row);
            scales[row] = scale;
            for (int panel = 0; panel < x.Panels; panel++)
            {
                int start = panel * PanelMatrix.Width;
                int columns = Math.Min(PanelMatrix.Width, x.Columns - start);
                int vectors = columns - (columns % TSimd.Lanes);
                float* source = x.At(panel, first + row);
                Round<TSimd>(source, scale, 0, vectors, whole);
                Round<SimdScalar>(source, scale, vectors, columns, whole);
                Narrow(whole, columns, quantized + start);
            }
        }
    }

    /// <inheritdoc/>
    public override void Multiply(byte* quantized, int stride, int rows, sbyte* weights, int* sums)
    {
        for (int lane = 0; lane < Panel; lane += TDot.Lanes)
        {
            if (rows == 8)
            {
                Eight(quantized, stride, weights + (4 * lane), sums + lane);
                continue;
            }

            for (int row = 0; row < rows; row++)
            {
                One(quantized + ((long)row * stride), stride, weights + (4 * lane), sums + (row * Panel) + lane);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Eight(byte* x, int stride, sbyte* weights, int* sums)
    {
        TDot sum0 = default;
        TDot sum1 = default;
        TDot sum2 = default;
        TDot sum3 = default;
        TDot sum4 = default;
        TDot sum5 = default;
        TDot sum6 = default;
        TDot sum7 = default;
        byte* y = x + (4L * stride);
        for (int k = 0; k < stride; k += 4, weights += 4 * Panel, x += 4, y += 4)
        {
            TDot w = TDot.Load(weights);
            sum0 = TDot.Dot(sum0, TDot.Broadcast(*(int*)x), w);
            sum1 = TDot.Dot(sum1, TDot.Broadcast(*(int*)(x + stride)), w);
            sum2 = TDot.Dot(sum2, TDot.Broadcast(*(int*)(x + (2L * stride))), w);
            sum3 = TDot.Dot(sum3, TDot.Broadcast(*(int*)(x + (3L * stride))), w);
            sum4 = TDot.Dot(sum4, TDot.Broadcast(*(int*)y), w);
            sum5 = TDot.Dot(sum5, TDot.Broadcast(*(int*)(y + stride)), w);
            sum6 = TDot.Dot(sum6, TDot.Broadcast(*(int*)(y + (2L * stride))), w);
            sum7 = TDot.Dot(sum7, TDot.Broadcast(*(int*)(y + (3L * stride))), w);
        }

        TDot.Store(sum0, sums);
        TDot.Store(sum1, sums + Panel);
        TDot.Store(sum2, sums + (2 * Panel));
        TDot.Store(sum3, sums + (3 * Panel));
        TDot.Store(sum4, sums + (4 * Panel));
        TDot.Store(sum5, sums + (5 * Panel));
        TDot.Store(sum6, sums + (6 * Panel));
        TDot.Store(sum7, sums + (7 * Panel));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(byte* x, int stride, sbyte* weights, int* sums)
    {
        TDot sum = default;
        for (int k = 0; k < stride; k += 4, weights += 4 * Panel)
        {
            sum = TDot.Dot(sum, TDot.Broadcast(*(int*)(x + k)), TDot.Load(weights));
        }

        TDot.Store(sum, sums);
    }

    private static ByteScale ScaleOf(PanelMatrix x, int row)
    {
        TSimd least = TSimd.Zero;
        TSimd most = TSimd.Zero;
        float low = 0;
        float high = 0;
        for (int panel = 0; panel < x.Panels; panel++)
        {
            float* source = x.At(panel, row);
            int columns = Math.Min(PanelMatrix.Width, x.Columns - (panel * PanelMatrix.Width));
            int column = 0;
            for (; column + TSimd.Lanes <= columns; column += TSimd.Lanes)
            {
                TSimd value = TSimd.Load(source + column);
                least = TSimd.Min(value, least);
                most = TSimd.Max(value, most);
            }

            for (; column < columns; column++)
            {
                low = Math.Min(source[column], low);
                high = Math.Max(source[column], high);
            }
        }

        float* lanes = stackalloc float[2 * TSimd.Lanes];
        TSimd.Store(least, lanes);
        TSimd.Store(most, lanes + TSimd.Lanes);
        for (int lane = 0; lane < TSimd.Lanes; lane++)
        {
            low = Math.Min(lanes[lane], low);
            high = Math.Max(lanes[TSimd.Lanes + lane], high);
        }

        return Int8Kernel.ScaleOf(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round<TLanes>(float* source, ByteScale scale, int column, int end, int* whole)
        where TLanes : unmanaged, ISimd<TLanes>
    {
        TLanes inverse = TLanes.Broadcast(1 / scale.Scale);
        TLanes least = TLanes.Broadcast(-scale.Zero);
        TLanes most = TLanes.Broadcast(255 - scale.Zero);
        TLanes offset = TLanes.BroadcastBits(scale.Zero - RoundingShiftBits);
        for (; column < end; column += TLanes.Lanes)
        {
            TLanes value = TLanes.Min(TLanes.Max(TLanes.Load(source + column) * inverse, least), most);
            TLanes.Store(TLanes.AddBits(value + TLanes.Broadcast(RoundingShift), offset), (float*)(whole + column));
        }
    }

    private static void Narrow(int* whole, int columns, byte* bytes)
    {
        int column = 0;
        for (; TSimd.Lanes > 1 && column + 16 <= columns; column += 16)
        {
            Vector128<short> low = Vector128.Narrow(Vector128.Load(whole + column), Vector128.Load(whole + column + 4));
            Vector128<short> high = Vector128.Narrow(Vector128.Load(whole + column + 8), Vector128.Load(whole + column + 12));
            Vector128.Narrow(low.AsUInt16(), high.AsUInt16()).Store(bytes + column);
        }

        for (; column < columns; column++)
        {
            bytes[column] = (byte)whole[column];
        }
    }
}
