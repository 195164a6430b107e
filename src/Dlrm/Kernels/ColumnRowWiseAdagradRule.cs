using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary><see cref="RowWiseAdagradRule"/> on a range of a table's columns, given the gradient of the whole row.</summary>
/// <remarks>The mean square is that of the whole row, so every part of the row has the same state and takes the same rate.</remarks>
internal readonly unsafe struct ColumnRowWiseAdagradRule : IUpdateRule
{
    private readonly float* _state;
    private readonly float* _table;
    private readonly int _firstColumn;
    private readonly int _columns;
    private readonly float _rate;

    /// <summary>A rule with its state.</summary>
    /// <param name="state">s: one element a row.</param>
    /// <param name="table">(E, columns).</param>
    /// <param name="firstColumn">The first column's place in the whole row.</param>
    /// <param name="columns">Columns kept here.</param>
    /// <param name="learningRate">Step size.</param>
    public ColumnRowWiseAdagradRule(
        NativeBuffer<float> state, NativeBuffer<float> table, int firstColumn, int columns, float learningRate)
    {
        _state = state.Data;
        _table = table.Data;
        _firstColumn = firstColumn;
        _columns = columns;
        _rate = learningRate;
    }

    /// <inheritdoc/>
    public static bool FindsWeights => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float sum = _state[row] + (SumOfSquares.Of<TSimd>(gradient, dimension) / dimension);
        _state[row] = sum;
        new SgdRule(_rate / (MathF.Sqrt(sum) + AdagradRule.Epsilon))
            .Apply<TSimd>(row, _table + (row * _columns), gradient + _firstColumn, _columns);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes)
    {
        Kernels.Prefetch.Row(_state + row, sizeof(float));
        Kernels.Prefetch.Bytes((byte*)(_table + (row * _columns)), sizeof(float) * _columns);
    }
}
