using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>The kernel of <see cref="DotDenseKernel"/>, for any register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
internal sealed unsafe class DotDenseKernel<TSimd> : DotDenseKernel
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <summary>Features whose products are summed at a time: one tile.</summary>
    private const int TileRows = 4;

    private readonly DotDenseKernel? _narrower;

    public DotDenseKernel(DotDenseKernel? narrower) => _narrower = narrower;

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Forward(int dimension, MatrixView features, MatrixView output, int start, int end)
    {
        int width = TSimd.Lanes;
        if (end - start < width)
        {
            _narrower?.Forward(dimension, features, output, start, end);
            return;
        }

        int tables = (features.Columns / dimension) - 1;
        long row = (long)dimension * width;
        long floats = ((1 + TileRows) * row) + ((long)(tables + TileRows) * width);
        float* stack = stackalloc float[KernelScratch.StackFloats(floats)];
        using var scratch = new KernelScratch(stack, floats);
        float* dense = scratch.Data;
        float* four = dense + row;
        float* sums = four + (TileRows * row);
        for (int group = start; group < end; group += width)
        {
            int sample = Math.Min(group, end - width);
            float* rows = features.Data + (sample * features.Stride);
            float* outputs = output.Data + (sample * output.Stride);
            SampleLanes<TSimd>.Pack(rows, features.Stride, dimension, dense);
            for (int table = 0; table < tables; table += TileRows)
            {
                int count = Math.Min(TileRows, tables - table);
                SampleLanes<TSimd>.Pack(rows + ((table + 1L) * dimension), features.Stride, count * dimension, four);
                var tile = new SampleTile
                {
                    Left = four,
                    LeftRow = row,
                    LeftStep = width,
                    Right = dense,
                    RightStep = width,
                    Output = sums + ((long)table * width),
                    OutputRow = width,
                    Steps = dimension,
                    Rows = count,
                };
                tile.Run<TSimd, OneColumn>();
            }

            SampleLanes<TSimd>.Copy(rows, features.Stride, dimension, outputs, output.Stride);
            SampleLanes<TSimd>.Unpack(sums, tables, outputs + dimension, output.Stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Backward(
        int dimension, MatrixView features, MatrixView outputGradient, MatrixView featureGradient, int start, int end)
    {
        for (int sample = start; sample < end; sample++)
        {
            float* feature = features.Data + (sample * features.Stride);
            float* output = outputGradient.Data + (sample * outputGradient.Stride);
            float* gradient = featureGradient.Data + (sample * featureGradient.Stride);
            int k = 0;
            for (; k <= dimension - TSimd.Lanes; k += TSimd.Lanes)
            {
                Column<TSimd>(dimension, features.Columns, feature + k, output, k, gradient + k);
            }

            for (; k < dimension; k++)
            {
                Column<SimdScalar>(dimension, features.Columns, feature + k, output, k, gradient + k);
            }
        }
    }

    /// <summary>One register of every feature's gradient.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column<T>(int dimension, int columns, float* feature, float* output, int k, float* gradient)
        where T : unmanaged, ISimd<T>
    {
        T dense = T.Load(feature);
        T denseGradient = T.Load(output + k);
        float* products = output + dimension;
        for (long at = dimension; at < columns; at += dimension, products++)
        {
            T product = T.Broadcast(*products);
            denseGradient = T.Fma(product, T.Load(feature + at), denseGradient);
            T.Store(product * dense, gradient + at);
        }

        T.Store(denseGradient, gradient);
    }
}
