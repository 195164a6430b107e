using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// Follow the regularized leader, proximal, a rate a coordinate (McMahan et al. 2013, algorithm 1), α the learning rate:
/// <c>n' = fma(g, g, n)</c>, <c>z' = fma(√n − √n', w, fma(α, g, z))</c>,
/// <c>w = −sign(z')·max(|z'| − α·λ₁, 0) / (β + √n' + α·λ₂)</c>, n from 0.
/// </summary>
/// <remarks>
/// z is kept multiplied by α, so that a schedule may change α from step to step without moving the weights. A coordinate
/// whose n is 0 has not been trained: its z is set to where the formula gives the weight it has,
/// <c>−w·(β + α·λ₂) − sign(w)·α·λ₁</c>, so initial weights are the start (the article starts from 0, where both agree).
/// Where n' is 0 too the weight keeps its bits.
/// </remarks>
internal readonly unsafe struct FtrlRule : IUpdateRule
{
    private readonly float* _linear;
    private readonly float* _squares;
    private readonly float _rate;
    private readonly float _threshold;
    private readonly float _base;

    /// <summary>A rule with its state.</summary>
    /// <param name="linear">z: as many elements as there are weights.</param>
    /// <param name="squares">n: as many.</param>
    /// <param name="start">The element that belongs to the first of row 0.</param>
    /// <param name="learningRate">α.</param>
    /// <param name="beta">β, above 0.</param>
    /// <param name="lambda1">λ₁.</param>
    /// <param name="lambda2">λ₂.</param>
    public FtrlRule(
        NativeBuffer<float> linear,
        NativeBuffer<float> squares,
        long start,
        float learningRate,
        float beta,
        float lambda1,
        float lambda2)
    {
        _linear = linear.Data + start;
        _squares = squares.Data + start;
        _rate = learningRate;
        _threshold = learningRate * lambda1;
        _base = beta + (learningRate * lambda2);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float* linear = _linear + (row * dimension);
        float* squares = _squares + (row * dimension);
        int column = 0;
        for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
        {
            Step<TSimd>(linear + column, squares + column, weights + column, gradient + column);
        }

        for (; column < dimension; column++)
        {
            Step<SimdScalar>(linear + column, squares + column, weights + column, gradient + column);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes)
    {
        Kernels.Prefetch.Row(_linear + (row * dimension), bytes);
        Kernels.Prefetch.Row(_squares + (row * dimension), bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Step<TSimd>(float* linear, float* squares, float* weights, float* gradient)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd sign = TSimd.BroadcastBits(int.MinValue);
        TSimd threshold = TSimd.Broadcast(_threshold);
        TSimd g = TSimd.Load(gradient);
        TSimd w = TSimd.Load(weights);
        TSimd before = TSimd.Load(squares);
        TSimd after = TSimd.Fma(g, g, before);
        TSimd root = TSimd.Sqrt(after);

        TSimd shift = TSimd.Select(TSimd.EqualTo(w, TSimd.Zero), TSimd.Zero, threshold | (w & sign));
        TSimd start = TSimd.Zero - TSimd.Fma(w, TSimd.Broadcast(_base), shift);
        TSimd z = TSimd.Select(TSimd.EqualTo(before, TSimd.Zero), start, TSimd.Load(linear));
        z = TSimd.Fma(TSimd.Sqrt(before) - root, w, TSimd.Fma(TSimd.Broadcast(_rate), g, z));

        TSimd signOfZ = z & sign;
        TSimd shrunk = TSimd.Max((z ^ signOfZ) - threshold, TSimd.Zero);
        TSimd solved = (shrunk | (signOfZ ^ sign)) / (TSimd.Broadcast(_base) + root);
        TSimd.Store(after, squares);
        TSimd.Store(z, linear);
        TSimd.Store(TSimd.Select(TSimd.EqualTo(after, TSimd.Zero), w, solved), weights);
    }
}
