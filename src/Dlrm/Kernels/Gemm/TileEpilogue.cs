namespace Dlrm.Kernels;

/// <summary>What is done to a part of a product C as soon as it is complete, while it is in a near cache.</summary>
/// <remarks>
/// For what the microkernel does not do itself. Each element of C belongs to exactly one call, so elementwise work on
/// matrices of C's shape needs no other order. Operands are set before the product runs.
/// </remarks>
internal abstract class TileEpilogue
{
    /// <summary>Works on rows [row, row + rows) of one panel of C, on the thread that computed them.</summary>
    /// <param name="panel">Panel number.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows, 1 or more.</param>
    /// <param name="columns">Columns of the panel in use, 1 … 32.</param>
    public abstract void Apply(int panel, int row, int rows, int columns);
}
