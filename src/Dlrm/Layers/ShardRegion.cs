namespace Dlrm.Layers;

/// <summary>Which rows and columns of a whole matrix a part of it holds.</summary>
/// <param name="Rows">E of the whole.</param>
/// <param name="Columns">D of the whole.</param>
/// <param name="FirstRow">The first row, or place where rows are dealt by hash.</param>
/// <param name="RowCount">Rows of the part.</param>
/// <param name="FirstColumn">The first column.</param>
/// <param name="ColumnCount">Columns of the part.</param>
/// <param name="Hash">How rows are dealt; null where they stand in order.</param>
internal sealed record ShardRegion(
    int Rows, int Columns, int FirstRow, int RowCount, int FirstColumn, int ColumnCount, RowHash? Hash)
{
    /// <summary>True for all rows and columns, as they stand.</summary>
    public bool IsWhole => Hash is null && RowCount == Rows && ColumnCount == Columns;

    /// <summary>The row of the part that is a row of the whole, or −1.</summary>
    /// <param name="row">0 … E − 1.</param>
    public int LocalRow(int row)
    {
        int local = (Hash is { } hash ? hash.Place(row) : row) - FirstRow;
        return (uint)local < (uint)RowCount ? local : -1;
    }

    /// <summary>The row of the whole that is a row of the part.</summary>
    /// <param name="local">0 … <see cref="RowCount"/> − 1.</param>
    public int WholeRow(int local) => Hash is { } hash ? hash.Row(FirstRow + local) : FirstRow + local;
}
