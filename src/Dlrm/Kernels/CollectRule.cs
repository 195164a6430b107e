using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Updates nothing: puts a row's summed gradient where others can add theirs, and marks the row.</summary>
/// <remarks><code>sums[first + r, d] = g[d],   marks[first + r] = 1</code></remarks>
internal readonly unsafe struct CollectRule : IUpdateRule
{
    private readonly float* _sums;
    private readonly float* _marks;

    /// <summary>A rule for one table.</summary>
    /// <param name="sums">(ΣE, D) of all tables, then (ΣE) marks.</param>
    /// <param name="firstMark">Where marks begin.</param>
    /// <param name="first">The table's first row among those of all.</param>
    /// <param name="dimension">D.</param>
    public CollectRule(NativeBuffer<float> sums, long firstMark, long first, int dimension)
    {
        _sums = sums.Data + (first * dimension);
        _marks = sums.Data + firstMark + first;
    }

    /// <inheritdoc/>
    public static bool FindsWeights => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        new Span<float>(gradient, dimension).CopyTo(new Span<float>(_sums + (row * dimension), dimension));
        _marks[row] = 1;
    }

    /// <inheritdoc/>
    public void Prefetch(long row, int dimension, int bytes)
    {
    }
}
