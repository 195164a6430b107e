using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>The dot product of two short vectors, the same bits at every vector width.</summary>
/// <remarks>
/// 16 virtual lanes, element i in lane i mod 16 with i ascending, acc = fma(a, b, acc) from 0; then lanes by halves, 8, 4,
/// 2, 1 apart.
/// </remarks>
internal static unsafe class LaneDot
{
    private const int VirtualLanes = 16;

    /// <summary>Σ left[i] · right[i].</summary>
    /// <typeparam name="TSimd">The register to compute with.</typeparam>
    /// <param name="left">(D).</param>
    /// <param name="right">(D).</param>
    /// <param name="dimension">D.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Of<TSimd>(float* left, float* right, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float* lanes = stackalloc float[VirtualLanes];
        int whole = dimension & -VirtualLanes;
        for (int lane = 0; lane < VirtualLanes; lane += TSimd.Lanes)
        {
            TSimd sum = TSimd.Zero;
            for (int column = lane; column < whole; column += VirtualLanes)
            {
                sum = TSimd.Fma(TSimd.Load(left + column), TSimd.Load(right + column), sum);
            }

            TSimd.Store(sum, lanes + lane);
        }

        for (int column = whole; column < dimension; column++)
        {
            lanes[column - whole] = MathF.FusedMultiplyAdd(left[column], right[column], lanes[column - whole]);
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
