using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// Adam (Kingma, Ba 2015): <c>m = fma(1 − β₁, g − m, m)</c>, <c>v = fma((1 − β₂)·g, g, β₂·v)</c>,
/// <c>w = fma(−step, m / (√v / root + ε), w)</c>, m and v from 0.
/// </summary>
/// <remarks>β₁ = 0.9, β₂ = 0.999, ε = 1e-8. The caller puts the correction of the bias into step and root.</remarks>
internal readonly unsafe struct AdamRule : IUpdateRule
{
    /// <summary>β₁.</summary>
    public const double Beta1 = 0.9;

    /// <summary>β₂.</summary>
    public const double Beta2 = 0.999;

    private const float Epsilon = 1e-8f;

    private readonly float* _first;
    private readonly float* _second;
    private readonly float _step;
    private readonly float _root;

    /// <summary>A rule with its state.</summary>
    /// <param name="first">m: as many elements as there are weights.</param>
    /// <param name="second">v: as many.</param>
    /// <param name="start">The element that belongs to the first of row 0.</param>
    /// <param name="step">Step size, corrected.</param>
    /// <param name="root">What the root of v is divided by.</param>
    public AdamRule(NativeBuffer<float> first, NativeBuffer<float> second, long start, float step, float root)
    {
        _first = first.Data + start;
        _second = second.Data + start;
        _step = -step;
        _root = root;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float* first = _first + (row * dimension);
        float* second = _second + (row * dimension);
        int column = 0;
        for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
        {
            Step<TSimd>(first + column, second + column, weights + column, gradient + column);
        }

        for (; column < dimension; column++)
        {
            Step<SimdScalar>(first + column, second + column, weights + column, gradient + column);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes)
    {
        Kernels.Prefetch.Row(_first + (row * dimension), bytes);
        Kernels.Prefetch.Row(_second + (row * dimension), bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Step<TSimd>(float* first, float* second, float* weights, float* gradient)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd g = TSimd.Load(gradient);
        TSimd m = TSimd.Load(first);
        m = TSimd.Fma(TSimd.Broadcast((float)(1 - Beta1)), g - m, m);
        TSimd v = TSimd.Fma(
            TSimd.Broadcast((float)(1 - Beta2)) * g, g, TSimd.Broadcast((float)Beta2) * TSimd.Load(second));
        TSimd.Store(m, first);
        TSimd.Store(v, second);
        TSimd scaled = m / ((TSimd.Sqrt(v) / TSimd.Broadcast(_root)) + TSimd.Broadcast(Epsilon));
        TSimd.Store(TSimd.Fma(TSimd.Broadcast(_step), scaled, TSimd.Load(weights)), weights);
    }
}
