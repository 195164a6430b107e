using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary><c>Σ x</c> in the order of <see cref="SumOfSquares"/>, with plain additions.</summary>
internal static unsafe class SumOfValues
{
    private const int VirtualLanes = 16;

    /// <summary>The sum over <paramref name="count"/> elements.</summary>
    /// <typeparam name="TSimd">The register to compute with.</typeparam>
    /// <param name="values">At any alignment.</param>
    /// <param name="count">0 or more.</param>
    [SkipLocalsInit]
    public static float Of<TSimd>(float* values, int count)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        float* lane = stackalloc float[VirtualLanes];
        int whole = count & -VirtualLanes;
        for (int first = 0; first < VirtualLanes; first += TSimd.Lanes)
        {
            TSimd sum = TSimd.Zero;
            for (int place = first; place < whole; place += VirtualLanes)
            {
                sum += TSimd.Load(values + place);
            }

            TSimd.Store(sum, lane + first);
        }

        for (int place = whole; place < count; place++)
        {
            lane[place - whole] += values[place];
        }

        for (int half = VirtualLanes / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                lane[i] += lane[i + half];
            }
        }

        return lane[0];
    }
}
