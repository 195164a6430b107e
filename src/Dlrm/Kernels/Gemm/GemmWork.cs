using System.Diagnostics;
using System.Runtime.CompilerServices;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Kernels;

/// <summary>One matrix product, C (M, N) = A (M, K) · B (K, N), divided among workers by parts of C.</summary>
/// <remarks>
/// <para>
/// Units of <see cref="RowUnit"/> rows of one panel of C are dealt out panel by panel, so every worker gets the same
/// amount, also when C is only a few panels wide or a few rows high. A worker goes over its units in blocks of
/// 384 rows and 256 steps of k, so that a panel of B stays in a near cache while the rows of A pass by. Where A is
/// transposed, K is long and C is read and written again for each block of k, so blocks are 192 rows by 512 steps.
/// </para>
/// <para>
/// A is packed. B is packed, or row-major and read in place, or the transpose of a row-major matrix and transposed block
/// by block as it is used: a product of at most <see cref="RowBlock"/> rows uses it once and need not have it packed.
/// </para>
/// <para>The order of additions is that of <see cref="GemmKernel"/>, whatever the division.</para>
/// </remarks>
internal unsafe struct GemmWork : IParallelWork
{
    /// <summary>Rows of an A that is not transposed which are taken through all panels of B before the next ones.</summary>
    public const int RowBlock = 384;

    private const int DepthBlock = 256;
    private const int TransposedRowBlock = 192;
    private const int TransposedDepthBlock = 512;

    private readonly GemmKernel _kernel;
    private readonly PanelMatrix _a;
    private readonly PanelMatrix _b;
    private readonly PanelMatrix _c;
    private readonly int _depth;
    private bool _transposedA;
    private bool _transposedB;
    private PanelMatrix _bias;
    private PanelMatrix _mask;
    private bool _relu;
    private bool _accumulate;
    private NativeBuffer<float>? _sums;
    private TileEpilogue? _epilogue;

    private GemmWork(GemmKernel kernel, PanelMatrix a, PanelMatrix b, PanelMatrix c, int depth)
    {
        Debug.Assert(a.RowStride == PanelMatrix.Width, "The left operand is packed.");
        _kernel = kernel;
        _a = a;
        _b = b;
        _c = c;
        _depth = depth;
    }

    /// <summary>Multiply-adds of the whole product.</summary>
    public readonly long MultiplyAdds => (long)_c.Rows * _c.Columns * _depth;

    /// <summary>Rows dealt out together: whole tiles, which in a transposed A must not leave a panel.</summary>
    private readonly int RowUnit => _transposedA ? PanelMatrix.Width : 12;

    /// <summary>Y = X · Wᵀ + b, then the rectifier if wanted.</summary>
    /// <param name="kernel">The microkernel.</param>
    /// <param name="x">X (B, in), packed.</param>
    /// <param name="weights">Wᵀ (in, out), packed.</param>
    /// <param name="bias">b (1, out), packed.</param>
    /// <param name="relu">Whether negative results become 0.</param>
    /// <param name="y">Y (B, out), written.</param>
    public static GemmWork Forward(
        GemmKernel kernel, PanelMatrix x, PanelMatrix weights, PanelMatrix bias, bool relu, PanelMatrix y) =>
        new(kernel, x, weights, y, weights.Rows) { _bias = bias, _relu = relu };

    /// <summary>The same with W (out, in) as it is, transposed on the way.</summary>
    /// <param name="kernel">The microkernel.</param>
    /// <param name="x">X (B, in), packed.</param>
    /// <param name="weights">W (out, in).</param>
    /// <param name="bias">b (1, out), packed.</param>
    /// <param name="relu">Whether negative results become 0.</param>
    /// <param name="y">Y (B, out), written.</param>
    public static GemmWork Forward(
        GemmKernel kernel, PanelMatrix x, MatrixView weights, PanelMatrix bias, bool relu, PanelMatrix y) =>
        new(kernel, x, new PanelMatrix(weights), y, weights.Columns) { _bias = bias, _relu = relu, _transposedB = true };

    /// <summary>dX = dY · W, 0 where X is not above 0 if X is given.</summary>
    /// <param name="kernel">The microkernel.</param>
    /// <param name="dy">dY (B, out), packed.</param>
    /// <param name="weights">W (out, in), packed or not.</param>
    /// <param name="mask">X (B, in), packed if <paramref name="dx"/> is; the default for none.</param>
    /// <param name="dx">dX (B, in), written.</param>
    public static GemmWork InputGradient(
        GemmKernel kernel, PanelMatrix dy, PanelMatrix weights, PanelMatrix mask, PanelMatrix dx) =>
        new(kernel, dy, weights, dx, weights.Rows) { _mask = mask };

    /// <summary>dW = dYᵀ · X and db = the sums of dY's columns, samples in ascending order.</summary>
    /// <param name="kernel">The microkernel.</param>
    /// <param name="dy">dY (B, out), packed.</param>
    /// <param name="x">X (B, in), packed or not.</param>
    /// <param name="dw">dW (out, in), written.</param>
    /// <param name="db">db (out), written; null for none.</param>
    /// <param name="accumulate">Go on from what dW and db hold, as if those samples came before these.</param>
    public static GemmWork WeightGradient(
        GemmKernel kernel, PanelMatrix dy, PanelMatrix x, PanelMatrix dw, NativeBuffer<float>? db, bool accumulate = false) =>
        new(kernel, dy, x, dw, x.Rows) { _transposedA = true, _sums = db, _accumulate = accumulate };

    /// <summary>The same product, with something done to each part of C when it is complete.</summary>
    /// <param name="epilogue">What.</param>
    public readonly GemmWork Then(TileEpilogue epilogue)
    {
        GemmWork work = this;
        work._epilogue = epilogue;
        return work;
    }

    /// <inheritdoc/>
    public readonly void Execute(int worker, int workers)
    {
        int rowUnits = (_c.Rows + RowUnit - 1) / RowUnit;
        (int first, int firstRow) = Boundary(rowUnits, worker, workers);
        (int last, int lastRow) = Boundary(rowUnits, worker + 1, workers);

        (int rowBlock, int depthBlock) =
            _transposedA ? (TransposedRowBlock, TransposedDepthBlock) : (RowBlock, DepthBlock);

        // Equal blocks of k, each a multiple of 32; a product of one tile's height uses no part of B twice.
        int blocks = _c.Rows <= RowUnit && _b.IsPacked ? 1 : (_depth + depthBlock - 1) / depthBlock;
        depthBlock = (((_depth + blocks - 1) / blocks) + PanelMatrix.Width - 1) & -PanelMatrix.Width;
        for (int top = 0; top < _c.Rows; top += rowBlock)
        {
            int bottom = Math.Min(top + rowBlock, _c.Rows);
            for (int k = 0; k < _depth; k += depthBlock)
            {
                for (int panel = first; panel <= last; panel++)
                {
                    int from = Math.Max(top, panel == first ? firstRow : 0);
                    int to = Math.Min(bottom, panel == last ? lastRow : _c.Rows);
                    if (from < to)
                    {
                        TileBlock block = default;
                        block.Depth = Math.Min(depthBlock, _depth - k);
                        if (panel == first)
                        {
                            block.NextA = _transposedA ? _a.PanelStride : RowUnit * PanelMatrix.Width;
                        }

                        (int nextPanel, int nextK) = panel < last ? (panel + 1, k) : (first, k + depthBlock);
                        AskForRight(ref block, nextPanel, nextK);
                        Panel(block, panel, from, to, k);
                        if (_sums is not null && panel == 0)
                        {
                            Sums(from, to, k, block.Depth);
                        }
                    }
                }
            }
        }
    }

    /// <summary>Where the share of <paramref name="worker"/> begins; a panel of 16 columns or less counts half.</summary>
    private readonly (int Panel, int Row) Boundary(int rowUnits, int worker, int workers)
    {
        int narrow = (_c.Columns - 1) % PanelMatrix.Width < 16 ? 1 : 0;
        long wide = _c.Panels - narrow;
        long position = ((2 * wide) + narrow) * rowUnits * worker / workers;
        int panel = (int)Math.Min(position / (2 * rowUnits), wide);
        long unit = (position - ((long)panel * 2 * rowUnits)) / (panel < wide ? 2 : 1);
        return (panel, (int)Math.Min(unit * RowUnit, _c.Rows));
    }

    /// <summary>The sums of some columns of Aᵀ, which is near at this moment.</summary>
    private readonly void Sums(int from, int to, int k, int depth)
    {
        for (int column = from; column < to; column += ColumnSums.Columns)
        {
            Span<float> sums = _sums!.Slice(column, Math.Min(to - column, ColumnSums.Columns));
            ColumnSums.Run(_a, column, k, depth, sums, accumulate: k > 0 || _accumulate);
        }
    }

    /// <summary>Has the next block of B fetched while this one is used: it comes from far away, and this hides it.</summary>
    private readonly void AskForRight(ref TileBlock block, int panel, int k)
    {
        if (k >= _depth || panel >= _c.Panels)
        {
            return;
        }

        block.NextBStride = _b.RowStride;
        if (_transposedB)
        {
            block.NextB = _b.At(0, panel * PanelMatrix.Width) + k;
            block.NextBTile = 4 * _b.RowStride;
            block.NextBStep = PanelMatrix.Width;
        }
        else
        {
            block.NextB = _b.At(panel, k);
            block.NextBTile = block.Depth / TileBlock.AskingTiles * _b.RowStride;
            block.NextBStep = 4 * _b.RowStride;
        }
    }

    /// <summary>Rows [from, to) of a panel of C over the block's steps of k, from <paramref name="k"/> on.</summary>
    private readonly void Panel(TileBlock block, int panel, int from, int to, int k)
    {
        bool end = k + block.Depth == _depth;
        block.Transposed = _transposedA;
        block.AJump = _transposedA ? 0 : _a.PanelStride - PanelMatrix.Width;
        block.CStride = _c.RowStride;
        block.Columns = Math.Min(PanelMatrix.Width, _c.Columns - (panel * PanelMatrix.Width));
        block.Accumulate = k > 0 || _accumulate;
        block.Bias = end && _bias.Data != null ? _bias.At(panel, 0) : null;
        block.Relu = end && _relu;
        block.MaskStride = _mask.RowStride;
        if (_transposedB || (!_b.IsPacked && block.Columns < PanelMatrix.Width))
        {
            CopyRightThenRows(block, panel, from, to, k);
        }
        else
        {
            block.B = _b.At(panel, k);
            block.BStride = _b.RowStride;
            Rows(block, panel, from, to, k);
        }
    }

    [SkipLocalsInit]
    private readonly void CopyRightThenRows(TileBlock block, int panel, int from, int to, int k)
    {
        float* memory = stackalloc float[(TransposedDepthBlock * PanelMatrix.Width) + 16];
        block.B = (float*)(((nint)memory + 63) & -64);
        block.BStride = PanelMatrix.Width;
        if (_transposedB)
        {
            int row = panel * PanelMatrix.Width;
            _kernel.Transpose(_b.At(0, row) + k, _b.RowStride, block.Columns, block.Depth, block.B);
        }
        else
        {
            Packing.CopyPanel(_b, panel, k, block.Depth, block.B);
        }

        Rows(block, panel, from, to, k);
    }

    private readonly void Rows(TileBlock block, int panel, int from, int to, int k)
    {
        // Rows or columns that the microkernel cannot take at once go in blocks of one panel's rows.
        bool ragged = !_c.IsPacked && block.Columns % 16 != 0;
        int most = _transposedA || ragged ? PanelMatrix.Width : int.MaxValue;
        bool masked = _mask.Data != null && k + block.Depth == _depth;
        for (int row = from; row < to; row += block.Rows)
        {
            block.Rows = Math.Min(to - row, most);
            block.FirstTile = (row - from) / RowUnit * (_transposedA ? 3 : 1);
            block.A = _transposedA ? _a.At(row / PanelMatrix.Width, k) : _a.At(k / PanelMatrix.Width, row);
            block.C = _c.At(panel, row);
            block.Mask = masked ? _mask.At(panel, row) : null;
            if (ragged)
            {
                Ragged(block);
            }
            else
            {
                _kernel.Block(block);
            }
        }

        if (_epilogue is not null && k + block.Depth == _depth)
        {
            _epilogue.Apply(panel, from, to - from, block.Columns);
        }
    }

    /// <summary>A block of at most 32 rows whose last columns have no memory: computed aside, then copied.</summary>
    [SkipLocalsInit]
    private readonly void Ragged(TileBlock block)
    {
        float* c = stackalloc float[PanelMatrix.Width * PanelMatrix.Width];
        float* mask = stackalloc float[PanelMatrix.Width * PanelMatrix.Width];
        TileBlock aside = block;
        aside.C = c;
        aside.CStride = PanelMatrix.Width;
        if (block.Accumulate)
        {
            CopyColumns(block.C, block.CStride, c, PanelMatrix.Width, block.Rows, block.Columns);
        }

        if (block.Mask != null)
        {
            CopyColumns(block.Mask, block.MaskStride, mask, PanelMatrix.Width, block.Rows, block.Columns);
            aside.Mask = mask;
            aside.MaskStride = PanelMatrix.Width;
        }

        _kernel.Block(aside);
        CopyColumns(c, PanelMatrix.Width, block.C, block.CStride, block.Rows, block.Columns);
    }

    private static void CopyColumns(float* from, nint fromStride, float* to, nint toStride, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
        {
            new ReadOnlySpan<float>(from + (row * fromStride), columns).CopyTo(
                new Span<float>(to + (row * toStride), columns));
        }
    }
}
