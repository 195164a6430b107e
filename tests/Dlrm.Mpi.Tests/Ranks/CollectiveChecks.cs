using System.Runtime.InteropServices;
using Dlrm.Distributed;
using Dlrm.Memory;

namespace Dlrm.Mpi.Tests.Ranks;

/// <summary>Every collective against what a few plain loops say; every rank knows what all ranks hold.</summary>
internal sealed class CollectiveChecks(ICommunicator communicator)
{
    private static readonly int[] Lengths = [0, 1, 15, 16, 17, 1023, 1024, 1025, 1040, 70_001];

    public void All()
    {
        communicator.Barrier();
        Broadcasts();
        Gathers();
        foreach (int length in Lengths)
        {
            Sums(length);
            DoubleSums(length);
        }

        Exchanges();
        ManyAtOnce();
        NothingIsAllocated();
        communicator.Barrier();
    }

    private static float Value(int rank, int i) => MathF.Sin((rank * 7919) + i) * MathF.Pow(10, (i % 7) - 3);

    private void Broadcasts()
    {
        for (int root = 0; root < communicator.Size; root++)
        {
            byte[] data = new byte[100_000];
            if (communicator.Rank == root)
            {
                data.AsSpan().Fill((byte)(root + 1));
            }

            communicator.Broadcast(data, root);
            Require(data.All(value => value == root + 1), $"broadcast from {root}");
        }
    }

    private void Gathers()
    {
        int[] lengths = [.. Enumerable.Range(0, communicator.Size).Select(rank => rank * 5000)];
        byte[] mine = [.. Enumerable.Repeat((byte)communicator.Rank, lengths[communicator.Rank])];
        byte[] all = new byte[lengths.Sum()];
        communicator.AllGather(mine, lengths, all);
        Require(all.SequenceEqual(lengths.SelectMany((length, rank) => Enumerable.Repeat((byte)rank, length))), "all-gather");
    }

    private void Sums(int length)
    {
        using var values = new NativeBuffer<float>(length);
        for (int i = 0; i < length; i++)
        {
            values[i] = Value(communicator.Rank, i);
        }

        communicator.AllReduceSum(values.Span);
        for (int i = 0; i < length; i++)
        {
            float sum = Value(0, i);
            for (int rank = 1; rank < communicator.Size; rank++)
            {
                sum += Value(rank, i);
            }

            Require(BitConverter.SingleToInt32Bits(sum) == BitConverter.SingleToInt32Bits(values[i]), $"sum of {length} floats, element {i}");
        }
    }

    private void DoubleSums(int length)
    {
        double[] values = [.. Enumerable.Range(0, length).Select(i => (double)Value(communicator.Rank, i) / 3)];
        communicator.AllReduceSum(values);
        for (int i = 0; i < length; i++)
        {
            double sum = (double)Value(0, i) / 3;
            for (int rank = 1; rank < communicator.Size; rank++)
            {
                sum += (double)Value(rank, i) / 3;
            }

            Require(sum.Equals(values[i]), $"sum of {length} doubles, element {i}");
        }
    }

    /// <summary>Uneven, with nothing from some ranks to others.</summary>
    private void Exchanges()
    {
        static int Count(int from, int to) => (from + (2 * to)) % 3 * 3001;
        int[] sends = [.. Enumerable.Range(0, communicator.Size).Select(to => Count(communicator.Rank, to))];
        int[] receives = [.. Enumerable.Range(0, communicator.Size).Select(from => Count(from, communicator.Rank))];
        using var send = new NativeBuffer<byte>(sends.Sum() + 1);
        using var receive = new NativeBuffer<byte>(receives.Sum() + 1);
        int[] sendOffsets = Offsets(sends);
        int[] receiveOffsets = Offsets(receives);
        for (int to = 0; to < communicator.Size; to++)
        {
            send.Slice(sendOffsets[to], sends[to]).Fill((byte)((communicator.Rank * 16) + to));
        }

        communicator.Wait(communicator.StartAllToAll(send.Span, sends, sendOffsets, receive.Span, receives, receiveOffsets));
        for (int from = 0; from < communicator.Size; from++)
        {
            Require(
                receive.Slice(receiveOffsets[from], receives[from]).IndexOfAnyExcept((byte)((from * 16) + communicator.Rank)) < 0,
                $"all-to-all, part from {from}");
        }
    }

    /// <summary>Sums and exchanges under way together, waited for in another order than they were started in.</summary>
    private void ManyAtOnce()
    {
        const int Sums = 20;
        const int Length = 5000;
        int size = communicator.Size;
        using var values = new NativeBuffer<float>(Sums * Length);
        using var send = new NativeBuffer<int>(size);
        using var receive = new NativeBuffer<int>(size);
        int[] counts = [.. Enumerable.Repeat(sizeof(int), size)];
        send.Span.Fill(communicator.Rank + 1);
        values.Span.Fill(1 + communicator.Rank);
        int[] requests = [.. Enumerable.Range(0, Sums).Select(i => communicator.StartAllReduceSum(values.Slice(i * Length, Length)))];
        int exchange = communicator.StartAllToAll(
            MemoryMarshal.AsBytes(send.Span), counts, Offsets(counts), MemoryMarshal.AsBytes(receive.Span), counts, Offsets(counts));
        foreach (int request in requests.Reverse())
        {
            communicator.Wait(request);
        }

        communicator.Wait(exchange);
        Require(values.Span.IndexOfAnyExcept(size * (size + 1) / 2f) < 0, "twenty sums at once");
        Require(receive.Span.SequenceEqual([.. Enumerable.Range(1, size)]), "an exchange among sums");
    }

    private void NothingIsAllocated()
    {
        using var values = new NativeBuffer<float>(100_000);
        int[] counts = new int[communicator.Size];
        for (int i = 0; i < 20; i++)
        {
            Step(values, counts);
        }

        // A lock allocates once, when two threads first meet in it: so not every round is without allocation.
        long least = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 20; i++)
            {
                Step(values, counts);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Require(least == 0, "a step without allocation");
    }

    private void Step(NativeBuffer<float> values, int[] none)
    {
        int sum = communicator.StartAllReduceSum(values.Span);
        int exchange = communicator.StartAllToAll([], none, none, [], none, none);
        communicator.Wait(exchange);
        communicator.Wait(sum);
    }

    private void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"{what} of {communicator.Size} ranks is wrong.");
        }
    }

    private static int[] Offsets(int[] counts)
    {
        int[] offsets = new int[counts.Length];
        for (int i = 1; i < counts.Length; i++)
        {
            offsets[i] = offsets[i - 1] + counts[i - 1];
        }

        return offsets;
    }
}
