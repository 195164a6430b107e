using System.Diagnostics;
using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>The kernel of <see cref="DotInteractionKernel"/>, for any register.</summary>
/// <typeparam name="TSimd">The register: W samples.</typeparam>
internal sealed unsafe class DotInteractionKernel<TSimd> : DotInteractionKernel
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <summary>Floats of a group's features that are worked on at a time: 32 KiB.</summary>
    private const int SliceFloats = 8192;

    /// <summary>Tiles are 4 rows high, and read (never use) up to 3 rows beyond the last.</summary>
    private const int TileRows = 4;

    private readonly DotInteractionKernel? _narrower;

    public DotInteractionKernel(DotInteractionKernel? narrower) => _narrower = narrower;

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Forward(in DotInteractionShape shape, MatrixView features, MatrixView output, int start, int end)
    {
        Debug.Assert(features.Columns == shape.Features * shape.Dimension, "features");
        Debug.Assert(output.Columns == shape.Dimension + shape.Pairs, "output");
        int width = TSimd.Lanes;
        int slice = SliceOf(shape);
        long sliceFloats = (long)Math.Max(shape.Features, TileRows) * slice * width;
        long pairFloats = (shape.Pairs + (TileRows * (long)TileRows)) * width;
        float* stack = stackalloc float[KernelScratch.StackFloats(sliceFloats + pairFloats)];
        using var scratch = new KernelScratch(stack, sliceFloats + pairFloats);
        float* sums = scratch.Data + sliceFloats;

        for (; start <= end - width; start += width)
        {
            float* rows = features.Data + (start * features.Stride);
            float* outputs = output.Data + (start * output.Stride);
            for (int first = 0; first < shape.Dimension; first += slice)
            {
                int length = Math.Min(slice, shape.Dimension - first);
                PackFeatures(shape, rows, features.Stride, first, length, scratch.Data);
                Multiply(shape, scratch.Data, length, sums, accumulate: first > 0);
            }

            for (int sample = 0; sample < width; sample++)
            {
                new ReadOnlySpan<float>(rows + (sample * features.Stride), shape.Dimension)
                    .CopyTo(new Span<float>(outputs + (sample * output.Stride), shape.Dimension));
            }

            SampleLanes<TSimd>.Unpack(sums, shape.Pairs, outputs + shape.Dimension, output.Stride);
        }

        if (start < end)
        {
            _narrower!.Forward(shape, features, output, start, end);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Backward(
        in DotInteractionShape shape,
        MatrixView features,
        MatrixView outputGradient,
        MatrixView featureGradient,
        int start,
        int end)
    {
        Debug.Assert(features.Columns == shape.Features * shape.Dimension, "features");
        Debug.Assert(outputGradient.Columns == shape.Dimension + shape.Pairs, "outputGradient");
        int width = TSimd.Lanes;
        int slice = SliceOf(shape);
        long sliceFloats = (((long)shape.Features * slice) + TileRows) * width;
        long pairFloats = (long)shape.Pairs * width;
        long panelFloats = (long)shape.Features * TileRows * width;
        long resultFloats = (long)TileRows * (slice + TileRows) * width;
        long floats = sliceFloats + pairFloats + panelFloats + resultFloats;
        float* stack = stackalloc float[KernelScratch.StackFloats(floats)];
        using var scratch = new KernelScratch(stack, floats);
        float* pairs = scratch.Data + sliceFloats;
        float* panel = pairs + pairFloats;
        float* result = panel + panelFloats;

        for (; start <= end - width; start += width)
        {
            float* rows = features.Data + (start * features.Stride);
            float* gradients = featureGradient.Data + (start * featureGradient.Stride);
            float* outputs = outputGradient.Data + (start * outputGradient.Stride);
            SampleLanes<TSimd>.Pack(outputs + shape.Dimension, outputGradient.Stride, shape.Pairs, pairs);
            for (int first = 0; first < shape.Dimension; first += slice)
            {
                int length = Math.Min(slice, shape.Dimension - first);
                PackFeatures(shape, rows, features.Stride, first, length, scratch.Data);
                for (int feature = 0; feature < shape.Features; feature += SampleTile.MaximumColumns)
                {
                    int columns = Math.Min(SampleTile.MaximumColumns, shape.Features - feature);
                    BuildPanel(shape, pairs, feature, columns, panel);
                    if (feature == 0)
                    {
                        SampleLanes<TSimd>.Pack(outputs + first, outputGradient.Stride, length, result);
                        new Span<float>(result + (length * width), (columns - 1) * length * width).Clear();
                    }

                    MultiplyPanel(shape, scratch.Data, length, panel, columns, result, accumulate: feature == 0);
                    UnpackFeatures(shape, result, feature, columns, first, length, gradients, featureGradient.Stride);
                }
            }
        }

        if (start < end)
        {
            _narrower!.Backward(shape, features, outputGradient, featureGradient, start, end);
        }
    }

    /// <summary>The part of D at a time: about equal parts, whole registers where it can be.</summary>
    private static int SliceOf(in DotInteractionShape shape)
    {
        int width = TSimd.Lanes;
        int largest = Math.Max(SliceFloats / (width * shape.Features) / width * width, width);
        int slices = (shape.Dimension + largest - 1) / largest;
        int even = (shape.Dimension + slices - 1) / slices;
        return Math.Min((even + width - 1) / width * width, shape.Dimension);
    }

    /// <summary>Columns [first, first + length) of every feature, to lanes: (F, length) registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackFeatures(
        in DotInteractionShape shape, float* rows, long stride, int first, int length, float* lanes)
    {
        if (length == shape.Dimension)
        {
            SampleLanes<TSimd>.Pack(rows, stride, shape.Features * length, lanes);
            return;
        }

        for (int feature = 0; feature < shape.Features; feature++)
        {
            float* from = rows + ((long)feature * shape.Dimension) + first;
            SampleLanes<TSimd>.Pack(from, stride, length, lanes + ((long)feature * length * TSimd.Lanes));
        }
    }

    /// <summary>The reverse, for a few features from <paramref name="feature"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UnpackFeatures(
        in DotInteractionShape shape,
        float* lanes,
        int feature,
        int count,
        int first,
        int length,
        float* rows,
        long stride)
    {
        rows += ((long)feature * shape.Dimension) + first;
        if (length == shape.Dimension)
        {
            SampleLanes<TSimd>.Unpack(lanes, count * length, rows, stride);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            SampleLanes<TSimd>.Unpack(lanes + ((long)i * length * TSimd.Lanes), length, rows + ((long)i * shape.Dimension), stride);
        }
    }

    /// <summary>All products over one slice: four features at a time against those before them, then each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(in DotInteractionShape shape, float* lanes, int length, float* sums, bool accumulate)
    {
        int width = TSimd.Lanes;
        long row = (long)length * width;
        var tile = new SampleTile
        {
            LeftRow = row,
            LeftStep = width,
            RightRow = row,
            RightStep = width,
            OutputSkew = width,
            OutputColumn = width,
            Steps = length,
            Accumulate = accumulate,
        };

        // The first panel takes what does not fill four, so that all others are whole.
        int rows = shape.Features % TileRows == 0 ? TileRows : shape.Features % TileRows;
        for (int feature = 0; feature < shape.Features; feature += rows, rows = TileRows)
        {
            float* panel = sums + ((long)shape.FirstPair(feature) * width);
            tile.Left = lanes + (feature * row);
            tile.OutputRow = (long)(shape.Itself ? feature + 1 : feature) * width;
            tile.Rows = rows;
            int columns = feature % SampleTile.MaximumColumns;
            for (int other = 0; other < feature; other += columns, columns = SampleTile.MaximumColumns)
            {
                if (columns == 0)
                {
                    columns = SampleTile.MaximumColumns;
                }

                tile.Right = lanes + (other * row);
                tile.Output = panel + ((long)other * width);
                tile.Run<TSimd>(columns);
            }

            tile.Right = tile.Left;
            tile.Output = panel + ((long)feature * width);
            if (shape.Itself)
            {
                tile.Run<TSimd, UpToDiagonal>();
            }
            else
            {
                tile.Run<TSimd, BelowDiagonal>();
            }
        }
    }

    /// <summary>Rows [feature, feature + columns) of S, side by side: panel[j · columns + c] = S of feature + c and j.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BuildPanel(in DotInteractionShape shape, float* pairs, int feature, int columns, float* panel)
    {
        int width = TSimd.Lanes;
        for (int c = 0; c < columns; c++)
        {
            int i = feature + c;
            float* to = panel + (c * width);
            float* from = pairs + ((long)shape.FirstPair(i) * width);
            for (int j = 0; j < i; j++, from += width, to += columns * width)
            {
                TSimd.Store(TSimd.Load(from), to);
            }

            TSimd diagonal = TSimd.Zero;
            if (shape.Itself)
            {
                diagonal = TSimd.Load(from);
                diagonal += diagonal;
            }

            TSimd.Store(diagonal, to);
            to += columns * width;
            from = pairs + (((long)shape.FirstPair(i + 1) + i) * width);
            for (int j = i + 1; j < shape.Features; j++, to += columns * width)
            {
                TSimd.Store(TSimd.Load(from), to);
                from += (long)(shape.Itself ? j + 1 : j) * width;
            }
        }
    }

    /// <summary>Σ_j S_ij T_j over one slice, for the features i of a panel: (columns, length) registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyPanel(
        in DotInteractionShape shape,
        float* lanes,
        int length,
        float* panel,
        int columns,
        float* result,
        bool accumulate)
    {
        int width = TSimd.Lanes;
        var tile = new SampleTile
        {
            LeftRow = width,
            LeftStep = (long)length * width,
            Right = panel,
            RightRow = width,
            RightStep = (long)columns * width,
            OutputRow = width,
            OutputColumn = (long)length * width,
            Steps = shape.Features,
            Accumulate = accumulate,
        };
        for (int k = 0; k < length; k += TileRows)
        {
            tile.Left = lanes + ((long)k * width);
            tile.Output = result + ((long)k * width);
            tile.Rows = Math.Min(TileRows, length - k);
            tile.Run<TSimd>(columns);
        }
    }
}
