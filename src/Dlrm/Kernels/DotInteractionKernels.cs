using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>The kernel of <see cref="DotInteractionKernel"/>, for any register.</summary>
/// <typeparam name="TSimd">The register: W samples.</typeparam>
internal sealed unsafe class DotInteractionKernel<TSimd> : DotInteractionKernel
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <summary>Floats of a group's features that are multiplied at a time: 32 KiB.</summary>
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
        if (end - start < width)
        {
            _narrower?.Forward(shape, features, output, start, end);
            return;
        }

        int slice = SliceOf(shape);
        long featureFloats = (long)Math.Max(shape.Features, TileRows) * shape.Dimension * width;
        long pairFloats = (shape.Pairs + (TileRows * (long)TileRows)) * width;
        float* stack = stackalloc float[KernelScratch.StackFloats(featureFloats + pairFloats)];
        using var scratch = new KernelScratch(stack, featureFloats + pairFloats);
        float* sums = scratch.Data + featureFloats;

        for (int group = start; group < end; group += width)
        {
            int sample = Math.Min(group, end - width);
            float* rows = features.Data + (sample * features.Stride);
            float* outputs = output.Data + (sample * output.Stride);
            PackFeatures(shape, rows, features.Stride, slice, scratch.Data);
            for (int first = 0; first < shape.Dimension; first += slice)
            {
                int length = Math.Min(slice, shape.Dimension - first);
                Multiply(shape, Slice(shape, scratch.Data, first), length, sums, accumulate: first > 0);
            }

            SampleLanes<TSimd>.Copy(rows, features.Stride, shape.Dimension, outputs, output.Stride);
            SampleLanes<TSimd>.Unpack(sums, shape.Pairs, outputs + shape.Dimension, output.Stride);
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
        if (end - start < width)
        {
            _narrower?.Backward(shape, features, outputGradient, featureGradient, start, end);
            return;
        }

        int slice = SliceOf(shape);
        int dimension = shape.Dimension;
        long featureFloats = (((long)shape.Features * dimension) + TileRows) * width;
        long pairFloats = (long)shape.Pairs * width;
        long panelFloats = (long)shape.Features * TileRows * width;
        long resultFloats = (long)TileRows * (dimension + TileRows) * width;
        long floats = featureFloats + pairFloats + panelFloats + resultFloats;
        float* stack = stackalloc float[KernelScratch.StackFloats(floats)];
        using var scratch = new KernelScratch(stack, floats);
        float* pairs = scratch.Data + featureFloats;
        float* panel = pairs + pairFloats;
        float* result = panel + panelFloats;

        for (int group = start; group < end; group += width)
        {
            int sample = Math.Min(group, end - width);
            float* gradients = featureGradient.Data + (sample * featureGradient.Stride);
            float* outputs = outputGradient.Data + (sample * outputGradient.Stride);
            PackFeatures(shape, features.Data + (sample * features.Stride), features.Stride, slice, scratch.Data);
            SampleLanes<TSimd>.Pack(outputs + dimension, outputGradient.Stride, shape.Pairs, pairs);
            for (int feature = 0; feature < shape.Features; feature += SampleTile.MaximumColumns)
            {
                int columns = Math.Min(SampleTile.MaximumColumns, shape.Features - feature);
                BuildPanel(shape, pairs, feature, columns, panel);
                if (feature == 0)
                {
                    // Only the dense feature starts at something: the gradient of its copy.
                    SampleLanes<TSimd>.Pack(outputs, outputGradient.Stride, dimension, result);
                    NativeMemory.Clear(
                        result + ((long)dimension * width), (nuint)((columns - 1L) * dimension * width * sizeof(float)));
                }

                for (int first = 0; first < dimension; first += slice)
                {
                    int length = Math.Min(slice, dimension - first);
                    float* lanes = Slice(shape, scratch.Data, first);
                    float* to = result + ((long)first * width);
                    MultiplyPanel(shape, lanes, length, panel, columns, to, accumulate: feature == 0);
                }

                float* rows = gradients + ((long)feature * dimension);
                SampleLanes<TSimd>.Unpack(result, columns * dimension, rows, featureGradient.Stride);
            }
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

    /// <summary>Where the slice that starts at column <paramref name="first"/> of each feature lies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Slice(in DotInteractionShape shape, float* lanes, int first)
        => lanes + ((long)first * shape.Features * TSimd.Lanes);

    /// <summary>A group's features to lanes: slice by slice, in each (F, length) registers. Rows are read in one go.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackFeatures(in DotInteractionShape shape, float* rows, long stride, int slice, float* lanes)
    {
        if (slice == shape.Dimension)
        {
            SampleLanes<TSimd>.Pack(rows, stride, shape.Features * slice, lanes);
            return;
        }

        for (int feature = 0; feature < shape.Features; feature++)
        {
            for (int first = 0; first < shape.Dimension; first += slice)
            {
                int length = Math.Min(slice, shape.Dimension - first);
                float* to = Slice(shape, lanes, first) + ((long)feature * length * TSimd.Lanes);
                SampleLanes<TSimd>.Pack(rows + first, stride, length, to);
            }

            rows += shape.Dimension;
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
        long width = TSimd.Lanes;
        long panelStep = columns * width;
        int features = shape.Features;
        int itself = shape.Itself ? 1 : 0;
        int end = feature + columns;

        // j before the panel, or in it: down the rows of the triangle, which end at the diagonal.
        for (int i = feature; i < end; i++)
        {
            float* to = panel + ((i - feature) * width);
            float* from = pairs + (shape.FirstPair(i) * width);
            for (int j = 0; j < i; j++)
            {
                TSimd.Store(TSimd.Load(from), to);
                from += width;
                to += panelStep;
            }

            TSimd diagonal = shape.Itself ? TSimd.Load(from) : TSimd.Zero;
            TSimd.Store(diagonal + diagonal, to);
            for (int j = i + 1; j < end; j++)
            {
                to += panelStep;
                TSimd.Store(TSimd.Load(pairs + ((shape.FirstPair(j) + i) * width)), to);
            }
        }

        // j behind the panel: in the triangle's row j, the panel's features stand together.
        float* together = panel + (end * panelStep);
        float* row = pairs + ((shape.FirstPair(end) + feature) * width);
        for (int j = end; j < features; j++)
        {
            for (long c = 0; c < panelStep; c += width)
            {
                TSimd.Store(TSimd.Load(row + c), together + c);
            }

            together += panelStep;
            row += (j + itself) * width;
        }
    }

    /// <summary>Σ_j S_ij T_j over one slice, for the features i of a panel: registers of a (columns, D) result.</summary>
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
            OutputColumn = (long)shape.Dimension * width,
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
