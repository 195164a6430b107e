using System.Runtime.InteropServices;
using Dlrm.Memory;

namespace Dlrm.Distributed;

/// <summary>One all-to-all with its buffers: part r of what is sent goes to rank r, what rank r sends becomes part r.</summary>
internal sealed class Exchange : IDisposable
{
    private readonly ICommunicator _communicator;
    private readonly int[] _sendCounts;
    private readonly int[] _sendOffsets;
    private readonly int[] _receiveCounts;
    private readonly int[] _receiveOffsets;
    private NativeBuffer<byte> _send = new(0);
    private NativeBuffer<byte> _receive = new(0);
    private int _request = -1;

    /// <summary>An exchange of nothing.</summary>
    /// <param name="communicator">What it goes through.</param>
    public Exchange(ICommunicator communicator)
    {
        _communicator = communicator;
        _sendCounts = new int[communicator.Size];
        _sendOffsets = new int[communicator.Size];
        _receiveCounts = new int[communicator.Size];
        _receiveOffsets = new int[communicator.Size];
    }

    /// <summary>True between <see cref="Start()"/> and <see cref="Finish"/>.</summary>
    public bool IsUnderWay => _request >= 0;

    /// <summary>Bytes that this rank sends to others, in all exchanges so far.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Says how much goes where, and makes room. Parts stand one after the other.</summary>
    /// <param name="rank">The other rank; all in turn, from 0.</param>
    /// <param name="send">Bytes to it.</param>
    /// <param name="receive">Bytes from it.</param>
    /// <exception cref="ArgumentException">More than 2 GiB would go at once.</exception>
    public void Plan(int rank, long send, long receive)
    {
        long sendOffset = rank == 0 ? 0 : (long)_sendOffsets[rank - 1] + _sendCounts[rank - 1];
        long receiveOffset = rank == 0 ? 0 : (long)_receiveOffsets[rank - 1] + _receiveCounts[rank - 1];
        if (sendOffset + send > int.MaxValue || receiveOffset + receive > int.MaxValue)
        {
            throw new ArgumentException(
                $"Ranks would exchange more than {int.MaxValue:N0} bytes at once: use a smaller --mini-batch-size, or more ranks.");
        }

        (_sendOffsets[rank], _sendCounts[rank]) = ((int)sendOffset, (int)send);
        (_receiveOffsets[rank], _receiveCounts[rank]) = ((int)receiveOffset, (int)receive);
        if (rank == _communicator.Size - 1)
        {
            Reserve(ref _send, sendOffset + send);
            Reserve(ref _receive, receiveOffset + receive);
        }
    }

    /// <summary>What goes to a rank, to be written before <see cref="Start()"/>.</summary>
    /// <param name="rank">The rank.</param>
    public Span<byte> Outgoing(int rank) => _send.Slice(_sendOffsets[rank], _sendCounts[rank]);

    /// <summary>What came from a rank, after <see cref="Finish"/>.</summary>
    /// <param name="rank">The rank.</param>
    public ReadOnlySpan<byte> Incoming(int rank) => _receive.Slice(_receiveOffsets[rank], _receiveCounts[rank]);

    /// <summary>What came from a rank, as whole numbers.</summary>
    /// <param name="rank">The rank.</param>
    public ReadOnlySpan<int> IncomingInts(int rank) => MemoryMarshal.Cast<byte, int>(Incoming(rank));

    /// <summary>What goes to a rank, as whole numbers.</summary>
    /// <param name="rank">The rank.</param>
    public ReadOnlySpan<int> OutgoingInts(int rank) => MemoryMarshal.Cast<byte, int>(Outgoing(rank));

    /// <summary>Starts it.</summary>
    public void Start() => Start(Sent, Received);

    /// <summary>Starts it from other memory.</summary>
    /// <param name="send">All parts, one after the other; not to be touched before the end.</param>
    public void StartFrom(ReadOnlySpan<byte> send) => Start(send, Received);

    /// <summary>Starts it to other memory.</summary>
    /// <param name="receive">Room for all parts, one after the other.</param>
    public void StartInto(Span<byte> receive) => Start(Sent, receive);

    /// <summary>Waits for its end.</summary>
    public void Finish()
    {
        int request = _request;
        _request = -1;
        _communicator.Wait(request);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _send.Dispose();
        _receive.Dispose();
    }

    private ReadOnlySpan<byte> Sent => _send.Slice(0, End(_sendOffsets, _sendCounts));

    private Span<byte> Received => _receive.Slice(0, End(_receiveOffsets, _receiveCounts));

    private void Start(ReadOnlySpan<byte> send, Span<byte> receive)
    {
        _request = _communicator.StartAllToAll(send, _sendCounts, _sendOffsets, receive, _receiveCounts, _receiveOffsets);
        BytesSent += End(_sendOffsets, _sendCounts) - _sendCounts[_communicator.Rank];
    }

    private static int End(int[] offsets, int[] counts) => offsets[^1] + counts[^1];

    private static void Reserve(ref NativeBuffer<byte> buffer, long bytes)
    {
        if (bytes > buffer.Length)
        {
            buffer.Dispose();
            buffer = new NativeBuffer<byte>(bytes + (bytes / 4));
        }
    }
}
