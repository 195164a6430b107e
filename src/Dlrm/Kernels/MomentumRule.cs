using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>Gradient descent with momentum μ: <c>b = fma(μ, b, g)</c>, <c>w = fma(−rate, b, w)</c>, b from 0.</summary>
/// <remarks>As PyTorch's SGD without dampening and without Nesterov's look ahead.</remarks>
internal readonly unsafe struct MomentumRule : IUpdateRule
{
    private readonly float* _state;
    private readonly float _momentum;
    private readonly float _step;

    /// <summary>A rule with its state.</summary>
    /// <param name="state">b: as many elements as there are weights.</param>
    /// <param name="start">The element that belongs to the first of row 0.</param>
    /// <param name="momentum">μ.</param>
    /// <param name="learningRate">Step size.</param>
    public MomentumRule(NativeBuffer<float> state, long start, float momentum, float learningRate)
    {
        _state = state.Data + start;
        _momentum = momentum;
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
        TSimd velocity = TSimd.Fma(TSimd.Broadcast(_momentum), TSimd.Load(state), TSimd.Load(gradient));
        TSimd.Store(velocity, state);
        TSimd.Store(TSimd.Fma(TSimd.Broadcast(_step), velocity, TSimd.Load(weights)), weights);
    }
}
