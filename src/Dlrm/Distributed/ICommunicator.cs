namespace Dlrm.Distributed;

/// <summary>What the ranks of a job say to each other: the few collectives that hybrid-parallel training needs.</summary>
/// <remarks>
/// Every rank makes the same calls in the same order, from one thread. Buffers are native memory
/// (<see cref="Memory.NativeBuffer{T}"/>): operations that were started hold their addresses until
/// <see cref="Wait"/>. Sums have an order that depends on the number of ranks and the length alone, so a run repeats
/// bit for bit, and are the same bits on every rank. Operations that were started are waited for once each, in
/// any order that is the same on every rank, with other calls between perhaps. A rank that fails or vanishes ends every other's call with a <see cref="CommunicationException"/> or
/// ends the process; no call waits for ever (see the implementation's watchdog).
/// </remarks>
public interface ICommunicator : IDisposable
{
    /// <summary>This rank: 0 … <see cref="Size"/> − 1.</summary>
    int Rank { get; }

    /// <summary>Ranks in the job, 1 or more.</summary>
    int Size { get; }

    /// <summary>The host this rank runs on, for messages.</summary>
    string Host { get; }

    /// <summary>Returns when every rank has called it.</summary>
    void Barrier();

    /// <summary>Copies <paramref name="data"/> of rank <paramref name="root"/> to all ranks.</summary>
    /// <param name="data">The same number of bytes on every rank.</param>
    /// <param name="root">Whose data it is.</param>
    void Broadcast(Span<byte> data, int root);

    /// <summary>Puts every rank's bytes side by side, by rank, on every rank.</summary>
    /// <param name="mine">This rank's bytes; lengths may differ.</param>
    /// <param name="lengths">Bytes of each rank, the same on every rank.</param>
    /// <param name="all">Room for all.</param>
    void AllGather(ReadOnlySpan<byte> mine, ReadOnlySpan<int> lengths, Span<byte> all);

    /// <summary>Replaces <paramref name="values"/> by their sums over all ranks.</summary>
    /// <param name="values">The same number of elements on every rank.</param>
    void AllReduceSum(Span<float> values);

    /// <summary>Replaces <paramref name="values"/> by their sums over all ranks.</summary>
    /// <param name="values">The same number of elements on every rank.</param>
    void AllReduceSum(Span<double> values);

    /// <summary>Starts <see cref="AllReduceSum(Span{float})"/>.</summary>
    /// <param name="values">Not to be touched before <see cref="Wait"/>.</param>
    /// <returns>What to wait for.</returns>
    int StartAllReduceSum(Span<float> values);

    /// <summary>
    /// Starts an exchange in which rank r's part s goes to rank s's part r. Counts and offsets are bytes, one a rank.
    /// </summary>
    /// <param name="send">What this rank sends.</param>
    /// <param name="sendCounts">Bytes for each rank.</param>
    /// <param name="sendOffsets">Where they begin in <paramref name="send"/>.</param>
    /// <param name="receive">Where what comes is put.</param>
    /// <param name="receiveCounts">Bytes from each rank: what that rank sends.</param>
    /// <param name="receiveOffsets">Where they go in <paramref name="receive"/>.</param>
    /// <returns>What to wait for; neither span is to be touched before.</returns>
    int StartAllToAll(
        ReadOnlySpan<byte> send,
        ReadOnlySpan<int> sendCounts,
        ReadOnlySpan<int> sendOffsets,
        Span<byte> receive,
        ReadOnlySpan<int> receiveCounts,
        ReadOnlySpan<int> receiveOffsets);

    /// <summary>Returns when an operation is complete.</summary>
    /// <param name="request">From a Start method, waited for once.</param>
    void Wait(int request);
}
