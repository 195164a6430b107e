using System.Diagnostics;
using System.Runtime.InteropServices;
using Dlrm.Memory;

namespace Dlrm.Distributed.Planning;

/// <summary>Measures what ranks of one host take to meet, to hand each other bytes and to add vectors.</summary>
public static class ExchangeProbe
{
    private const int Repeats = 12;
    private const int Floats = 1 << 21; // 8 MB: more than a core keeps near it

    /// <summary>Measures; every rank calls it, and rank 0's answer is good.</summary>
    /// <param name="communicator">Two ranks, each with a core of its own.</param>
    public static ExchangeFigures Measure(ICommunicator communicator)
    {
        using var send = new NativeBuffer<float>(Floats);
        using var receive = new NativeBuffer<float>(Floats);
        int ranks = communicator.Size;
        int[] counts = [.. Enumerable.Repeat(Floats / ranks * sizeof(float), ranks)];
        int[] offsets = [.. counts.Select((count, rank) => count * rank)];
        double nothing = Best(communicator, () => communicator.AllReduceSum(send.Slice(0, 1)));
        double exchange = Best(communicator, () => communicator.Wait(communicator.StartAllToAll(
            MemoryMarshal.AsBytes(send.Span), counts, offsets, MemoryMarshal.AsBytes(receive.Span), counts, offsets)));
        double reduce = Best(communicator, () => communicator.AllReduceSum(send.Span));
        double bytes = Floats * sizeof(float);
        return new ExchangeFigures
        {
            CollectiveMicroseconds = nothing * 1e6,
            CopyGbPerSecond = bytes * 1e-9 / Math.Max(exchange - nothing, exchange / 2),
            ReduceGbPerSecond = bytes * 1e-9 / Math.Max(reduce - nothing, reduce / 2),
        };
    }

    private static double Best(ICommunicator communicator, Action operation)
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < Repeats; i++)
        {
            communicator.Barrier();
            long start = Stopwatch.GetTimestamp();
            operation();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
