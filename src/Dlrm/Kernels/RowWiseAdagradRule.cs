using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>
/// Adagrad with one accumulator a row: <c>s = s + mean(g²)</c>, <c>w = fma(−rate / (√s + ε), g, w)</c>.
/// </summary>
/// <remarks>
/// As the reference's <c>rwsadagrad</c>: ε = 1e-10, added after the root (the reference divides each g by the root; one
/// division a row differs in the last bits). The squares are summed in 16 lanes, element i in lane i mod 16 with i
/// ascending and fused multiply-add; then lanes are added by halves, 8, 4, 2, 1 apart; then the sum is divided by D.
/// </remarks>
internal readonly unsafe struct RowWiseAdagradRule : IUpdateRule
{
    private const int VirtualLanes = 16;

    private readonly float* _state;
    private readonly float _rate;

    /// <summary>A rule with its state.</summary>
    /// <param name="state">s: one element a row.</param>
    /// <param name="learningRate">Step size.</param>
    public RowWiseAdagradRule(NativeBuffer<float> state, float learningRate)
    {
        _state = state.Data;
        _rate = learningRate;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float sum = _state[row] + (SumOfSquares<TSimd>(gradient, dimension) / dimension);
        _state[row] = sum;
        new SgdRule(_rate / (MathF.Sqrt(sum) + AdagradRule.Epsilon)).Apply<TSimd>(row, weights, gradient, dimension);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes) => Kernels.Prefetch.Row(_state + row, sizeof(float));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SumOfSquares<TSimd>(float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        int whole = dimension & -VirtualLanes;
        Lanes16 lanes;
        float* lane = (float*)&lanes;
        for (int first = 0; first < VirtualLanes; first += TSimd.Lanes)
        {
            TSimd squares = TSimd.Zero;
            for (int column = first; column < whole; column += VirtualLanes)
            {
                TSimd g = TSimd.Load(gradient + column);
                squares = TSimd.Fma(g, g, squares);
            }

            if (typeof(TSimd) == typeof(Simd512) && whole == dimension)
            {
                // All lanes in one register: the same tree without a way through memory.
                Vector512<float> all = Unsafe.BitCast<TSimd, Vector512<float>>(squares);
                Vector256<float> eight = all.GetLower() + all.GetUpper();
                return SumOfFour(eight.GetLower() + eight.GetUpper());
            }

            TSimd.Store(squares, lane + first);
        }

        for (int column = whole; column < dimension; column++)
        {
            float g = gradient[column];
            lane[column - whole] = MathF.FusedMultiplyAdd(g, g, lane[column - whole]);
        }

        return SumOfFour(
            (Vector128.Load(lane) + Vector128.Load(lane + 8)) + (Vector128.Load(lane + 4) + Vector128.Load(lane + 12)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SumOfFour(Vector128<float> four)
    {
        Vector128<float> two = four + Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
        return two.ToScalar() + two.GetElement(1);
    }

    /// <summary>Memory for the lanes.</summary>
    [InlineArray(VirtualLanes)]
    private struct Lanes16
    {
        private float _first;
    }
}
