using System.Numerics;

namespace Dlrm.Mpi;

/// <content>The collectives, as messages between pairs of ranks.</content>
public sealed unsafe partial class MpiCommunicator
{
    /// <summary>Vectors of at most so many bytes are sent whole to every rank: one round instead of two.</summary>
    private const int WholeBytes = 4096;

    /// <summary>Sections of a vector are multiples of so many elements: whole cache lines.</summary>
    private const int SectionUnit = 16;

    /// <inheritdoc/>
    /// <remarks>Dissemination: in round k a rank hears from the one 2ᵏ before it, so ⌈log₂ Size⌉ rounds suffice.</remarks>
    public void Barrier()
    {
        byte token = 0;
        byte heard;
        for (int distance = 1; distance < Size; distance *= 2)
        {
            Operation operation;
            lock (_gate)
            {
                operation = Begin("a barrier", OperationKind.Exchange);
                Receive(operation, (Rank + Size - distance) % Size, &heard, 1, _mpi.Handles.Byte, 0);
                Send(operation, (Rank + distance) % Size, &token, 1, _mpi.Handles.Byte, 0);
            }

            WaitAtOnce(operation);
        }
    }

    /// <inheritdoc/>
    /// <remarks>A binomial tree: ranks that have the data double from round to round.</remarks>
    public void Broadcast(Span<byte> data, int root)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, Size);
        fixed (byte* bytes = data)
        {
            int place = (Rank - root + Size) % Size;
            for (int have = 1; have < Size; have *= 2)
            {
                // Every rank counts every round, so that the numbers of operations stay equal.
                Operation operation;
                lock (_gate)
                {
                    operation = Begin("a broadcast", OperationKind.Exchange);
                    if (place < have && place + have < Size)
                    {
                        Send(operation, (Rank + have) % Size, bytes, data.Length, _mpi.Handles.Byte, 0);
                    }
                    else if (place >= have && place < 2 * have)
                    {
                        Receive(operation, (Rank - have + Size) % Size, bytes, data.Length, _mpi.Handles.Byte, 0);
                    }
                }

                WaitAtOnce(operation);
            }
        }
    }

    /// <inheritdoc/>
    public void AllGather(ReadOnlySpan<byte> mine, ReadOnlySpan<int> lengths, Span<byte> all)
    {
        CheckLengths(mine.Length, lengths, all.Length);
        fixed (byte* from = mine, to = all)
        {
            Operation operation;
            lock (_gate)
            {
                operation = Begin("an all-gather", OperationKind.Exchange);
                long offset = 0;
                for (int rank = 0; rank < Size; rank++)
                {
                    if (rank != Rank && lengths[rank] > 0)
                    {
                        Receive(operation, rank, to + offset, lengths[rank], _mpi.Handles.Byte, 0);
                    }
                    else if (rank == Rank)
                    {
                        mine.CopyTo(all[(int)offset..]);
                    }

                    offset += lengths[rank];
                }

                for (int i = 1; i < Size && mine.Length > 0; i++)
                {
                    Send(operation, (Rank + i) % Size, from, mine.Length, _mpi.Handles.Byte, 0);
                }
            }

            WaitAtOnce(operation);
        }
    }

    /// <inheritdoc/>
    public void AllReduceSum(Span<float> values)
    {
        fixed (float* data = values)
        {
            WaitAtOnce(BeginSum(data, values.Length));
        }
    }

    /// <inheritdoc/>
    public void AllReduceSum(Span<double> values)
    {
        fixed (double* data = values)
        {
            WaitAtOnce(BeginSum(data, values.Length));
        }
    }

    /// <inheritdoc/>
    public int StartAllReduceSum(Span<float> values) => Started(BeginSum(Address<float>(values), values.Length));

    /// <inheritdoc/>
    public int StartAllToAll(
        ReadOnlySpan<byte> send,
        ReadOnlySpan<int> sendCounts,
        ReadOnlySpan<int> sendOffsets,
        Span<byte> receive,
        ReadOnlySpan<int> receiveCounts,
        ReadOnlySpan<int> receiveOffsets)
    {
        if (sendCounts[Rank] != receiveCounts[Rank])
        {
            throw new ArgumentException($"Rank {Rank} sends itself {sendCounts[Rank]} bytes but receives {receiveCounts[Rank]} from itself.");
        }

        CheckRanges(sendCounts, sendOffsets, send.Length, nameof(send));
        CheckRanges(receiveCounts, receiveOffsets, receive.Length, nameof(receive));
        byte* from = Address(send);
        byte* to = Address<byte>(receive);
        Operation operation;
        lock (_gate)
        {
            operation = Begin("an all-to-all", OperationKind.Exchange);

            // Each rank begins with its neighbour, so that they do not all send to rank 0 first.
            for (int i = 1; i < Size; i++)
            {
                int rank = (Rank + Size - i) % Size;
                if (receiveCounts[rank] > 0)
                {
                    Receive(operation, rank, to + receiveOffsets[rank], receiveCounts[rank], _mpi.Handles.Byte, 0);
                }
            }

            for (int i = 1; i < Size; i++)
            {
                int rank = (Rank + i) % Size;
                if (sendCounts[rank] > 0)
                {
                    Send(operation, rank, from + sendOffsets[rank], sendCounts[rank], _mpi.Handles.Byte, 0);
                }
            }
        }

        send.Slice(sendOffsets[Rank], sendCounts[Rank]).CopyTo(receive[receiveOffsets[Rank]..]);
        return Started(operation);
    }

    private Operation BeginSum<T>(T* data, int length)
        where T : unmanaged, INumber<T>
    {
        lock (_gate)
        {
            return BeginSumInside(data, length);
        }
    }

    private Operation BeginSumInside<T>(T* data, int length)
        where T : unmanaged, INumber<T>
    {
        bool whole = (long)length * sizeof(T) <= WholeBytes;
        Operation operation = Begin("a sum", whole ? OperationKind.SumWhole : OperationKind.SumSection);
        operation.IsDouble = typeof(T) == typeof(double);
        operation.Values = (byte*)data;
        operation.Length = length;
        if (length == 0)
        {
            operation.Kind = OperationKind.Exchange;
            return operation;
        }

        nint type = operation.IsDouble ? _mpi.Handles.Double : _mpi.Handles.Float;
        (long first, long end) = whole ? (0, length) : Section(length, Rank);
        int mine = (int)(end - first);
        T* scratch = (T*)operation.Scratch((long)Size * mine * sizeof(T));
        for (int i = 1; i < Size && mine > 0; i++)
        {
            int rank = (Rank + Size - i) % Size;
            Receive(operation, rank, scratch + ((long)rank * mine), mine, type, 0);
        }

        for (int i = 1; i < Size; i++)
        {
            int rank = (Rank + i) % Size;
            (long start, long stop) = whole ? (0, length) : Section(length, rank);
            if (stop > start)
            {
                Send(operation, rank, data + start, (int)(stop - start), type, 0);
            }
        }

        return operation;
    }

    /// <summary>What follows when all messages of an operation have arrived. Under the gate.</summary>
    private void Arrived(Operation operation)
    {
        if (operation.Kind == OperationKind.Exchange)
        {
            operation.Done = true;
        }
        else if (operation.IsDouble)
        {
            AddUp<double>(operation, _mpi.Handles.Double);
        }
        else
        {
            AddUp<float>(operation, _mpi.Handles.Float);
        }
    }

    private void AddUp<T>(Operation operation, nint type)
        where T : unmanaged, INumber<T>
    {
        bool whole = operation.Kind == OperationKind.SumWhole;
        T* values = (T*)operation.Values;
        (long first, long end) = whole ? (0, operation.Length) : Section(operation.Length, Rank);
        long mine = end - first;
        T* scratch = (T*)operation.Scratch(Size * mine * sizeof(T));
        T** parts = stackalloc T*[Size];
        for (int rank = 0; rank < Size; rank++)
        {
            parts[rank] = rank == Rank ? values + first : scratch + (rank * mine);
        }

        RankOrderSum.Add(parts, Size, values + first, mine);
        if (whole)
        {
            operation.Done = true;
            return;
        }

        operation.Kind = OperationKind.Exchange;
        operation.Messages = 0;
        for (int i = 1; i < Size; i++)
        {
            int rank = (Rank + Size - i) % Size;
            (long start, long stop) = Section(operation.Length, rank);
            if (stop > start)
            {
                Receive(operation, rank, values + start, (int)(stop - start), type, 1);
            }
        }

        for (int i = 1; i < Size && mine > 0; i++)
        {
            Send(operation, (Rank + i) % Size, values + first, (int)mine, type, 1);
        }
    }

    /// <summary>The part of a vector that a rank adds up: whole units, the last ranks' shorter or empty.</summary>
    private (long First, long End) Section(long length, int rank)
    {
        long units = (length + SectionUnit - 1) / SectionUnit;
        long each = (units + Size - 1) / Size * SectionUnit;
        return (Math.Min(length, rank * each), Math.Min(length, (rank + 1) * each));
    }

    private void CheckLengths(int mine, ReadOnlySpan<int> lengths, int all)
    {
        long sum = 0;
        foreach (int length in lengths)
        {
            sum += length;
        }

        if (lengths.Length != Size || lengths[Rank] != mine || sum > all)
        {
            throw new ArgumentException($"{Size} lengths were expected, {mine} for rank {Rank} and no more than {all} in all; got {string.Join(", ", lengths.ToArray())}.");
        }
    }

    private void CheckRanges(ReadOnlySpan<int> counts, ReadOnlySpan<int> offsets, int length, string name)
    {
        for (int rank = 0; rank < Size; rank++)
        {
            if (counts[rank] < 0 || offsets[rank] < 0 || offsets[rank] > length - counts[rank])
            {
                throw new ArgumentException($"The part of rank {rank}, {counts[rank]} bytes from {offsets[rank]}, does not lie in {length} bytes.", name);
            }
        }
    }
}
