using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// A row and its pooling weight updated together: of pooled = Σ v·w, with g the sum of the lookups' gradients,
/// <c>∂w = v·g</c> and <c>∂v = w·g</c>, both from the values before the step.
/// </summary>
/// <remarks>
/// All lookups of a row have its one weight, so one sum serves both; the dot product is <see cref="LaneDot"/>. A weight that was not
/// looked up has no gradient; both rules leave it as it is then, so updating only the others is what a dense update does.
/// </remarks>
/// <typeparam name="TRow">What is done to the row.</typeparam>
/// <typeparam name="TWeight">What is done to the weight, a row of one element.</typeparam>
internal readonly unsafe struct WeightedRowRule<TRow, TWeight> : IUpdateRule
    where TRow : struct, IUpdateRule
    where TWeight : struct, IUpdateRule
{
    private readonly TRow _rowRule;
    private readonly TWeight _weightRule;
    private readonly float* _weights;
    private readonly float* _scaled;
    private readonly float _decay;

    /// <summary>A rule for both.</summary>
    /// <param name="rowRule">What is done to the row.</param>
    /// <param name="weightRule">What is done to the weight.</param>
    /// <param name="weights">v (E).</param>
    /// <param name="scratch">Working memory: D floats from <paramref name="first"/> on.</param>
    /// <param name="first">The first float of it.</param>
    /// <param name="decay">λ: <c>∂w = fma(λ, w, v·g)</c>; 0 for none.</param>
    public WeightedRowRule(
        TRow rowRule, TWeight weightRule, NativeBuffer<float> weights, NativeBuffer<float> scratch, long first, float decay)
    {
        _rowRule = rowRule;
        _weightRule = weightRule;
        _weights = weights.Data;
        _scaled = scratch.Data + first;
        _decay = decay;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float slope = LaneDot.Of<TSimd>(weights, gradient, dimension);
        float factor = _weights[row];
        TSimd factors = TSimd.Broadcast(factor);
        TSimd decays = TSimd.Broadcast(_decay);
        int column = 0;
        for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
        {
            TSimd.Store(TSimd.Fma(decays, TSimd.Load(weights + column), factors * TSimd.Load(gradient + column)), _scaled + column);
        }

        for (; column < dimension; column++)
        {
            _scaled[column] = MathF.FusedMultiplyAdd(_decay, weights[column], factor * gradient[column]);
        }

        _rowRule.Apply<TSimd>(row, weights, _scaled, dimension);
        _weightRule.Apply<SimdScalar>(row, _weights + row, &slope, 1);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes)
    {
        _rowRule.Prefetch(row, dimension, bytes);
        _weightRule.Prefetch(row, 1, sizeof(float));
        Kernels.Prefetch.Row(_weights + row, sizeof(float));
    }
}
