using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary><see cref="HiddenKernel"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class HiddenKernel<TSimd> : HiddenKernel
    where TSimd : unmanaged, ISimd<TSimd>
{
    private const int Width = PanelMatrix.Width;

    /// <inheritdoc/>
    public override void Apply(int panel, int row, int rows, int columns)
    {
        switch (Activation)
        {
            case ActivationKind.Gelu:
                Rows<GeluActivation>(panel, row, rows, columns);
                break;
            case ActivationKind.Silu:
                Rows<SiluActivation>(panel, row, rows, columns);
                break;
            case ActivationKind.Tanh:
                Rows<TanhActivation>(panel, row, rows, columns);
                break;
            case ActivationKind.None:
                Rows<NoActivation>(panel, row, rows, columns);
                break;
            default:
                Rows<ReluActivation>(panel, row, rows, columns);
                break;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ColumnStatistics(int panel)
    {
        TSimd count = TSimd.Broadcast(Input.Rows);
        for (int column = 0; column < Width; column += TSimd.Lanes)
        {
            float* first = Input.At(panel, 0) + column;
            TSimd sum = TSimd.Zero;
            for (int row = 0; row < Input.Rows; row++)
            {
                sum += TSimd.Load(first + ((nint)row * Width));
            }

            TSimd mean = sum / count;
            TSimd squares = TSimd.Zero;
            for (int row = 0; row < Input.Rows; row++)
            {
                TSimd difference = TSimd.Load(first + ((nint)row * Width)) - mean;
                squares = TSimd.Fma(difference, difference, squares);
            }

            TSimd variance = squares / count;
            long place = ((long)panel * Width) + column;
            TSimd.Store(mean, Mean!.Data + place);
            TSimd.Store(variance, Variance!.Data + place);
            TSimd.Store(
                TSimd.Broadcast(1f) / TSimd.Sqrt(variance + TSimd.Broadcast(Epsilon)), Scale!.Data + place);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void ColumnBackward(int panel)
    {
        TSimd count = TSimd.Broadcast(Input.Rows);
        for (int column = 0; column < Width; column += TSimd.Lanes)
        {
            long place = ((long)panel * Width) + column;
            float* z = Input.At(panel, 0) + column;
            float* gradient = Output.At(panel, 0) + column;
            TSimd mean = TSimd.Load(Mean!.Data + place);
            TSimd scale = TSimd.Load(Scale!.Data + place);
            TSimd beta = TSimd.Zero;
            TSimd gamma = TSimd.Zero;
            for (nint at = 0; at < (nint)Input.Rows * Width; at += Width)
            {
                TSimd da = TSimd.Load(gradient + at);
                beta += da;
                gamma = TSimd.Fma(da, (TSimd.Load(z + at) - mean) * scale, gamma);
            }

            float* affine = Affine!.Data + place;
            TSimd.Store(gamma, affine + (2 * AffineStride));
            TSimd.Store(beta, affine + (3 * AffineStride));
            TSimd factor = TSimd.Load(affine) * scale;
            beta /= count;
            gamma /= count;
            for (nint at = 0; at < (nint)Input.Rows * Width; at += Width)
            {
                TSimd normal = (TSimd.Load(z + at) - mean) * scale;
                TSimd change = TSimd.Fma(TSimd.Zero - normal, gamma, TSimd.Load(gradient + at) - beta);
                TSimd.Store(factor * change, gradient + at);
            }
        }
    }

    /// <inheritdoc/>
    public override void RowStatistics(int row, NativeBuffer<float> scratch, long start)
    {
        int columns = Input.Columns;
        float* values = scratch.Data + start;
        CopyRow(Input, row, values);
        float mean = SumOfValues.Of<TSimd>(values, columns) / columns;
        for (int column = 0; column < columns; column++)
        {
            values[column] -= mean;
        }

        Mean!.Data[row] = mean;
        Scale!.Data[row] = 1 / MathF.Sqrt((SumOfSquares.Of<TSimd>(values, columns) / columns) + Epsilon);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void RowAffineGradient(int panel, bool accumulate)
    {
        for (int column = 0; column < Width; column += TSimd.Lanes)
        {
            float* affine = Affine!.Data + ((long)panel * Width) + column;
            TSimd gamma = accumulate ? TSimd.Load(affine + (2 * AffineStride)) : TSimd.Zero;
            TSimd beta = accumulate ? TSimd.Load(affine + (3 * AffineStride)) : TSimd.Zero;
            for (int row = 0; row < Input.Rows; row++)
            {
                TSimd da = TSimd.Load(Output.At(panel, row) + column);
                TSimd normal = (TSimd.Load(Input.At(panel, row) + column) - TSimd.Broadcast(Mean!.Data[row]))
                    * TSimd.Broadcast(Scale!.Data[row]);
                beta += da;
                gamma = TSimd.Fma(da, normal, gamma);
            }

            TSimd.Store(gamma, affine + (2 * AffineStride));
            TSimd.Store(beta, affine + (3 * AffineStride));
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void RowBackward(int row, NativeBuffer<float> scratch, long start)
    {
        int columns = Input.Columns;
        float* h = scratch.Data + start;
        float* products = h + columns;
        float* gamma = Affine!.Data;
        float mean = Mean!.Data[row];
        float scale = Scale!.Data[row];
        CopyRow(Output, row, h);
        CopyRow(Input, row, products);
        for (int column = 0; column < columns; column++)
        {
            h[column] *= gamma[column];
            products[column] = h[column] * ((products[column] - mean) * scale);
        }

        TSimd s = TSimd.Broadcast(SumOfValues.Of<TSimd>(h, columns) / columns);
        TSimd t = TSimd.Broadcast(SumOfValues.Of<TSimd>(products, columns) / columns);
        TSimd means = TSimd.Broadcast(mean);
        TSimd scales = TSimd.Broadcast(scale);
        for (int panel = 0; panel < Input.Panels; panel++)
        {
            float* z = Input.At(panel, row);
            float* gradient = Output.At(panel, row);
            for (int column = 0; column < Width; column += TSimd.Lanes)
            {
                TSimd normal = (TSimd.Load(z + column) - means) * scales;
                TSimd weighted = TSimd.Load(gradient + column) * TSimd.Load(gamma + (panel * Width) + column);
                TSimd.Store(scales * TSimd.Fma(TSimd.Zero - normal, t, weighted - s), gradient + column);
            }
        }
    }

    private static void CopyRow(PanelMatrix source, int row, float* target)
    {
        for (int column = 0; column < source.Columns; column += Width)
        {
            int count = Math.Min(Width, source.Columns - column);
            new ReadOnlySpan<float>(source.At(column / Width, row), count).CopyTo(new Span<float>(target + column, count));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Rows<TActivation>(int panel, int row, int rows, int columns)
        where TActivation : IActivation
    {
        int whole = columns / TSimd.Lanes * TSimd.Lanes;
        for (int end = row + rows; row < end; row++)
        {
            var place = new Place
            {
                Input = Input.At(panel, row),
                Output = Output.At(panel, row),
                Column = panel * Width,
                Key = Key.At(FirstSample + row),
            };
            if (Axis == NormalizationAxis.Row)
            {
                place.Mean = Mean!.Data + row;
                place.Scale = Scale!.Data + row;
            }
            else if (Axis == NormalizationAxis.Column)
            {
                place.Mean = Mean!.Data + place.Column;
                place.Scale = Scale!.Data + place.Column;
            }

            Columns<TSimd, TActivation>(0, whole, place);
            Columns<SimdScalar, TActivation>(whole, columns, place);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Columns<T, TActivation>(int start, int end, in Place place)
        where T : unmanaged, ISimd<T>
        where TActivation : IActivation
    {
        bool back = IsBackward;
        float below = DropBelow;
        for (int i = start; i < end; i += T.Lanes)
        {
            T a = T.Load(place.Input + i);
            if (Axis != NormalizationAxis.None)
            {
                bool byRow = Axis == NormalizationAxis.Row;
                T mean = byRow ? T.Broadcast(*place.Mean) : T.Load(place.Mean + i);
                T scale = byRow ? T.Broadcast(*place.Scale) : T.Load(place.Scale + i);
                float* affine = Affine!.Data + place.Column + i;
                a = T.Fma((a - mean) * scale, T.Load(affine), T.Load(affine + AffineStride));
            }

            T y = back ? T.Load(place.Output + i) : TActivation.Value(a);
            if (below > 0)
            {
                T bits = CounterRandom.Bits(
                    T.BroadcastBits((int)place.Key.First),
                    T.BroadcastBits((int)place.Key.Second),
                    CounterRandom.Elements<T>((uint)(place.Column + i)));
                T dropped = T.LessThan(T.ConvertBits(T.ShiftRightLogicalBits(bits, 8)), T.Broadcast(below));
                y = T.Select(dropped, T.Zero, y * T.Broadcast(KeptScale));
            }

            T.Store(back ? y * TActivation.Slope(a) : y, place.Output + i);
        }
    }

    /// <summary>One row of a panel.</summary>
    private struct Place
    {
        public float* Input;
        public float* Output;
        public float* Mean;
        public float* Scale;
        public int Column;
        public CounterKey Key;
    }
}
