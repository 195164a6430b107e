using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// Adagrad with one accumulator an element: <c>s = fma(g, g, s)</c>, <c>w = fma(−rate, g / (√s + ε), w)</c>.
/// </summary>
/// <remarks>As PyTorch's Adagrad without decay: ε = 1e-10, added after the root (Duchi, Hazan, Singer 2011).</remarks>
internal readonly unsafe struct AdagradRule : IUpdateRule
{
    /// <summary>ε.</summary>
    public const float Epsilon = 1e-10f;

    private readonly float* _state;
    private readonly float _step;

    /// <summary>A rule with its state.</summary>
    /// <param name="state">s: as many elements as there are weights.</param>
    /// <param name="start">The element that belongs to the first of row 0.</param>
    /// <param name="learningRate">Step size.</param>
    public AdagradRule(NativeBuffer<float> state, long start, float learningRate)
    {
        _state = state.Data + start;
        _step = -learningRate;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float* state = _state + (row * dimension);
        int column = 0;
        for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
        {
            Step<TSimd>(state + column, weights + column, gradient + column);
        }

        for (; column < dimension; column++)
        {
            Step<SimdScalar>(state + column, weights + column, gradient + column);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes) => Kernels.Prefetch.Row(_state + (row * dimension), bytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Step<TSimd>(float* state, float* weights, float* gradient)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd g = TSimd.Load(gradient);
        TSimd sum = TSimd.Fma(g, g, TSimd.Load(state));
        TSimd.Store(sum, state);
        TSimd scaled = g / (TSimd.Sqrt(sum) + TSimd.Broadcast(Epsilon));
        TSimd.Store(TSimd.Fma(TSimd.Broadcast(_step), scaled, TSimd.Load(weights)), weights);
    }
}
