using System.Numerics;

namespace Dlrm.Mpi;

/// <summary>The sum over ranks: element by element, ranks ascending, ((x₀ + x₁) + x₂) + …</summary>
/// <remarks>
/// MPI leaves the order of a reduction to the library, which chooses by length, number of ranks and version. This order
/// is the same everywhere, so a number of ranks gives the same bits with every library, on every network, at every length.
/// </remarks>
internal static unsafe class RankOrderSum
{
    /// <summary>Adds the parts of all ranks.</summary>
    /// <param name="parts">
    /// A part of <paramref name="length"/> elements a rank, in the order of ranks. One of them may be
    /// <paramref name="sum"/> itself: an element is read before it is written.
    /// </param>
    /// <param name="ranks">How many parts.</param>
    /// <param name="sum">Receives the sums.</param>
    /// <param name="length">Elements.</param>
    public static void Add<T>(T** parts, int ranks, T* sum, long length)
        where T : unmanaged, INumber<T>
    {
        long i = 0;
        for (; i <= length - Vector<T>.Count; i += Vector<T>.Count)
        {
            Vector<T> total = Vector.Load(parts[0] + i);
            for (int rank = 1; rank < ranks; rank++)
            {
                total += Vector.Load(parts[rank] + i);
            }

            total.Store(sum + i);
        }

        for (; i < length; i++)
        {
            T total = parts[0][i];
            for (int rank = 1; rank < ranks; rank++)
            {
                total += parts[rank][i];
            }

            sum[i] = total;
        }
    }
}
