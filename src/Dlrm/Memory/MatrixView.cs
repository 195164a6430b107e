using System.Runtime.CompilerServices;

namespace Dlrm.Memory;

/// <summary>
/// A row-major float matrix somewhere in native memory: it borrows, it never owns.
/// </summary>
/// <remarks>
/// Row r starts at <c>Data + r · Stride</c>. Kernels take the pointer; everything else takes <see cref="Row"/>.
/// </remarks>
public readonly unsafe struct MatrixView
{
    /// <summary>Looks at memory that outlives the view.</summary>
    /// <param name="data">The first element.</param>
    /// <param name="rows">Rows, 0 or more.</param>
    /// <param name="columns">Elements of a row that belong to the matrix.</param>
    /// <param name="stride">Elements from one row to the next, at least <paramref name="columns"/>.</param>
    public MatrixView(float* data, int rows, int columns, long stride)
    {
        Data = data;
        Rows = rows;
        Columns = columns;
        Stride = stride;
    }

    /// <summary>The first element.</summary>
    public float* Data { get; }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Columns.</summary>
    public int Columns { get; }

    /// <summary>Elements from one row to the next.</summary>
    public long Stride { get; }

    /// <summary>A matrix over a whole buffer, rows without gaps.</summary>
    /// <param name="buffer">At least rows × columns elements from <paramref name="start"/> on.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="start">First element in the buffer.</param>
    /// <exception cref="ArgumentException">The buffer is too small.</exception>
    public static MatrixView Over(NativeBuffer<float> buffer, int rows, int columns, long start = 0)
    {
        if (start < 0 || rows < 0 || columns < 0 || start + ((long)rows * columns) > buffer.Length)
        {
            throw new ArgumentException(
                $"A {rows} × {columns} matrix at {start} does not fit a buffer of {buffer.Length} elements.", nameof(buffer));
        }

        return new MatrixView(buffer.Data + start, rows, columns, columns);
    }

    /// <summary>Row <paramref name="row"/>, checked.</summary>
    /// <param name="row">0 … <see cref="Rows"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Span<float> Row(int row)
    {
        if ((uint)row >= (uint)Rows)
        {
            throw new ArgumentOutOfRangeException(nameof(row), row, $"A matrix of {Rows} rows.");
        }

        return new Span<float>(Data + (row * Stride), Columns);
    }

    /// <summary>The first <paramref name="rows"/> rows.</summary>
    /// <param name="rows">0 … <see cref="Rows"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatrixView Top(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)rows, (uint)Rows, nameof(rows));
        return new MatrixView(Data, rows, Columns, Stride);
    }

    /// <summary>Rows [start, start + rows).</summary>
    /// <param name="start">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rows do not lie inside.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatrixView RowRange(int start, int rows)
    {
        if (start < 0 || rows < 0 || start > Rows - rows)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"[{start}, {start} + {rows}) of {Rows} rows.");
        }

        return new MatrixView(Data + (start * Stride), rows, Columns, Stride);
    }

    /// <summary>Columns [start, start + columns) of every row.</summary>
    /// <param name="start">First column.</param>
    /// <param name="columns">Columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">The columns do not lie inside.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatrixView ColumnRange(int start, int columns)
    {
        if (start < 0 || columns < 0 || start > Columns - columns)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"[{start}, {start} + {columns}) of {Columns} columns.");
        }

        return new MatrixView(Data + start, Rows, columns, Stride);
    }
}
