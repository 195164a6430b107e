namespace Dlrm.Layers;

/// <summary>Where a table, or a part of one, finds its columns in the matrices of pooled vectors and of their gradients.</summary>
/// <param name="First">The first column that it writes.</param>
/// <param name="Count">Columns that it writes: the length of its pooled vector.</param>
/// <param name="FirstGradient">The first column of the gradient that its update reads.</param>
/// <param name="Gradients">Columns of it; more than it writes where a rule looks at whole rows.</param>
internal readonly record struct TableColumns(int First, int Count, int FirstGradient, int Gradients)
{
    /// <summary>Table t of dimension D at [(t + 1)·D, (t + 2)·D) of both: the dense feature comes first.</summary>
    /// <param name="tables">One or more, numbered from 0, of one dimension.</param>
    /// <exception cref="ArgumentOutOfRangeException">No table.</exception>
    /// <exception cref="ArgumentException">Their numbers or dimensions are not as they must be.</exception>
    public static TableColumns[] SideBySide(IReadOnlyList<EmbeddingTable> tables)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tables.Count, 1, nameof(tables));
        int dimension = tables[0].Dimension;
        for (int table = 0; table < tables.Count; table++)
        {
            if (tables[table].Number != table || tables[table].Dimension != dimension)
            {
                throw new ArgumentException(
                    $"Table {tables[table].Number} of dimension {tables[table].Dimension} stands where table {table} of "
                    + $"dimension {dimension} is expected.",
                    nameof(tables));
            }
        }

        return [.. tables.Select((_, table) => new TableColumns((table + 1) * dimension, dimension, (table + 1) * dimension, dimension))];
    }
}
