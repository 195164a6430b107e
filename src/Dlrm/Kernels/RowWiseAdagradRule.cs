using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// Adagrad with one accumulator a row: <c>s = s + mean(g²)</c>, <c>w = fma(−rate, g / (√s + ε), w)</c>.
/// </summary>
/// <remarks>
/// As the reference's <c>rwsadagrad</c>: ε = 1e-10, added after the root. The squares are summed in 16 lanes, element i
/// in lane i mod 16 with i ascending and fused multiply-add; then lanes are added by halves, 8, 4, 2, 1 apart; then the
/// sum is divided by D.
/// </remarks>
internal readonly unsafe struct RowWiseAdagradRule : IUpdateRule
{
    private const int VirtualLanes = 16;

    private readonly float* _state;
    private readonly float _step;

    /// <summary>A rule with its state.</summary>
    /// <param name="state">s: one element a row.</param>
    /// <param name="learningRate">Step size.</param>
    public RowWiseAdagradRule(NativeBuffer<float> state, float learningRate)
    {
        _state = state.Data;
        _step = -learningRate;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float sum = _state[row] + (SumOfSquares<TSimd>(gradient, dimension) / dimension);
        _state[row] = sum;
        float root = MathF.Sqrt(sum) + AdagradRule.Epsilon;
        TSimd roots = TSimd.Broadcast(root);
        TSimd step = TSimd.Broadcast(_step);
        int column = 0;
        for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
        {
            TSimd scaled = TSimd.Load(gradient + column) / roots;
            TSimd.Store(TSimd.Fma(step, scaled, TSimd.Load(weights + column)), weights + column);
        }

        for (; column < dimension; column++)
        {
            weights[column] = MathF.FusedMultiplyAdd(_step, gradient[column] / root, weights[column]);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes) => Kernels.Prefetch.Row(_state + row, sizeof(float));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumOfSquares<TSimd>(float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float* lanes = stackalloc float[VirtualLanes];
        int whole = dimension & -VirtualLanes;
        for (int lane = 0; lane < VirtualLanes; lane += TSimd.Lanes)
        {
            TSimd squares = TSimd.Zero;
            for (int column = lane; column < whole; column += VirtualLanes)
            {
                TSimd g = TSimd.Load(gradient + column);
                squares = TSimd.Fma(g, g, squares);
            }

            TSimd.Store(squares, lanes + lane);
        }

        for (int column = whole; column < dimension; column++)
        {
            float g = gradient[column];
            lanes[column - whole] = MathF.FusedMultiplyAdd(g, g, lanes[column - whole]);
        }

        for (int half = VirtualLanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
            {
                lanes[lane] += lanes[lane + half];
            }
        }

        return lanes[0];
    }
}
