using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Optimizers;

namespace Dlrm.Distributed;

/// <summary>Takes the place of an optimizer: the gradients of looked-up rows, summed, go into one buffer for all tables.</summary>
internal sealed class RowGradients : SparseOptimizer
{
    private readonly RowUpdate<CollectRule> _kernel;
    private readonly long[] _firstRows;
    private readonly int _dimension;

    /// <summary>A buffer of zeros.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="tables">Those of the optimizer, in its order.</param>
    /// <param name="firstRows">For each that is replicated: its first row in the buffer.</param>
    /// <param name="rows">ΣE of those.</param>
    /// <param name="dimension">D of those.</param>
    public RowGradients(Engine engine, IReadOnlyList<Parameter> tables, long[] firstRows, long rows, int dimension)
        : base("row gradients", tables)
    {
        _kernel = RowUpdate<CollectRule>.For(engine.InstructionSet);
        _firstRows = firstRows;
        _dimension = dimension;
        Rows = (int)rows;
        Buffer = new NativeBuffer<float>(rows * (dimension + 1));
    }

    /// <summary>ΣE.</summary>
    public int Rows { get; }

    /// <summary>(ΣE, D) sums, then (ΣE) marks of the rows that have one.</summary>
    public NativeBuffer<float> Buffer { get; }

    /// <summary>The sums.</summary>
    public MatrixView Sums => MatrixView.Over(Buffer, Rows, _dimension);

    /// <summary>Not 0 for rows with a gradient.</summary>
    public ReadOnlySpan<float> Marks => Buffer.Slice((long)Rows * _dimension, Rows);

    /// <inheritdoc/>
    internal override void UpdateRows(
        int table, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
        => _kernel.Update(
            lookups, null, gradient, new CollectRule(Buffer, (long)Rows * _dimension, _firstRows[table], _dimension), scratch, first);

    /// <inheritdoc/>
    internal override void UpdateWeightedRows(
        int table, int weights, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
        => UpdateRows(table, lookups, gradient, learningRate, scratch, first);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        Buffer.Dispose();
    }
}
