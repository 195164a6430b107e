using System.Diagnostics;
using System.Globalization;
using Dlrm.Memory;

namespace Dlrm.Mpi.Tests.Ranks;

/// <summary>Our sums beside the library's, by hand: <c>mpirun -np 2 dotnet Dlrm.Mpi.Tests.dll rank speed</c>.</summary>
internal static class SumSpeed
{
    public static void Print(MpiCommunicator communicator)
    {
        foreach (int length in new[] { 256, 16_384, 474_000, 4_000_000 })
        {
            using var values = new NativeBuffer<float>(length);
            double ours = double.MaxValue;
            double library = double.MaxValue;
            for (int i = 0; i < 100; i++)
            {
                ours = Math.Min(ours, Time(communicator, () => communicator.AllReduceSum(values.Span)));
                library = Math.Min(library, Time(communicator, () => communicator.LibrarySum(values.Span)));
            }

            if (communicator.Rank == 0)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{communicator.Size} ranks, {length,9:N0} floats: {ours:0.000} ms, MPI_Iallreduce {library:0.000} ms"));
            }
        }
    }

    private static double Time(MpiCommunicator communicator, Action sum)
    {
        communicator.Barrier();
        long start = Stopwatch.GetTimestamp();
        sum();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
