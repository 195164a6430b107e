using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// A float matrix cut into panels of 32 columns: element (r, c) is at Data + (c / 32)·PanelStride + r·RowStride + c % 32.
/// </summary>
/// <remarks>
/// A packed matrix has RowStride 32, so the rows of a panel follow each other without a gap and every address inside a
/// microkernel is a constant offset; its last panel is 32 wide as well, with padding that may hold anything. A
/// row-major matrix is the same thing with PanelStride 32.
/// </remarks>
internal readonly unsafe struct PanelMatrix
{
    /// <summary>Columns of a panel.</summary>
    public const int Width = 32;

    /// <summary>Rows added between packed panels, so that equal rows of neighbouring panels miss each other in caches.</summary>
    private const int GapRows = 12;

    /// <summary>A row-major matrix.</summary>
    /// <param name="view">What to look at.</param>
    public PanelMatrix(MatrixView view)
    {
        Data = view.Data;
        Rows = view.Rows;
        Columns = view.Columns;
        RowStride = (nint)view.Stride;
        PanelStride = Width;
    }

    private PanelMatrix(float* data, int rows, int columns, nint panelStride)
    {
        Data = data;
        Rows = rows;
        Columns = columns;
        RowStride = Width;
        PanelStride = panelStride;
        IsPacked = true;
    }

    /// <summary>The first element.</summary>
    public float* Data { get; }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Columns that belong to the matrix.</summary>
    public int Columns { get; }

    /// <summary>Elements from one row of a panel to the next.</summary>
    public nint RowStride { get; }

    /// <summary>Elements from one panel to the next.</summary>
    public nint PanelStride { get; }

    /// <summary>True when RowStride is 32 and padding up to the panel's width may be read and written.</summary>
    public bool IsPacked { get; }

    /// <summary>Panels, the last one perhaps partly padding.</summary>
    public int Panels => (Columns + Width - 1) / Width;

    /// <summary>A packed matrix over memory of at least <see cref="PackedLength"/> elements, aligned to 64 bytes.</summary>
    /// <param name="data">The first element.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    public static PanelMatrix Packed(float* data, int rows, int columns) =>
        new(data, rows, columns, PackedPanelStride(rows));

    /// <summary>Elements of memory that a packed matrix takes.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    public static long PackedLength(int rows, int columns) =>
        (long)PackedPanelStride(rows) * ((columns + Width - 1) / Width);

    /// <summary>Where row <paramref name="row"/> of panel <paramref name="panel"/> starts.</summary>
    /// <param name="panel">Panel number.</param>
    /// <param name="row">Row number.</param>
    public float* At(int panel, int row) => Data + (panel * PanelStride) + (row * RowStride);

    private static nint PackedPanelStride(int rows) => (nint)(((rows + 3) & ~3) + GapRows) * Width;
}
