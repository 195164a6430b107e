using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Dlrm.Memory;

namespace Dlrm.Distributed;

/// <summary>Ranks that are threads of one process: for tests, and for trying a plan without MPI.</summary>
/// <remarks>
/// Sums are taken in the order of ranks, so they repeat bit for bit. Nothing goes on in the background: an operation that
/// was started is done when it is waited for, by all ranks together. Counts that do not fit each other are refused.
/// </remarks>
public sealed class LocalCommunicator : ICommunicator
{
    private readonly LocalJob _job;
    private NativeBuffer<byte> _scratch = new(0);
    private int _number;
    private readonly Kind[] _kinds = new Kind[LocalJob.AtOnce];
    private readonly bool[] _underWay = new bool[LocalJob.AtOnce];

    private LocalCommunicator(LocalJob job, int rank)
    {
        _job = job;
        Rank = rank;
    }

    private enum Kind
    {
        AllToAll,
        SumFloats,
        SumDoubles,
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size => _job.Ranks;

    /// <inheritdoc/>
    public string Host => "localhost";

    /// <summary>Runs one function on every rank, each on a thread of its own, and returns when all are done.</summary>
    /// <param name="ranks">N, 1 or more.</param>
    /// <param name="run">What a rank does; the communicator is given back when it returns.</param>
    /// <exception cref="AggregateException">More than one rank threw something of its own; one rank's exception is thrown as it is.</exception>
    public static void Run(int ranks, Action<ICommunicator> run)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        var job = new LocalJob(ranks);
        var failures = new Exception?[ranks];
        Thread[] threads = [.. Enumerable.Range(0, ranks).Select(rank => new Thread(() =>
        {
            using var communicator = new LocalCommunicator(job, rank);
            try
            {
                run(communicator);
            }
#pragma warning disable CA1031 // Every exception is carried to the caller.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failures[rank] = exception;
                job.Fail(exception);
            }
        })
        {
            IsBackground = true,
            Name = $"dlrm rank {rank}",
        })];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Exception[] own = [.. failures.OfType<Exception>().Where(failure => failure is not CommunicationException { InnerException: not null })];
        if (own.Length == 1)
        {
            ExceptionDispatchInfo.Throw(own[0]);
        }

        if (own.Length > 1)
        {
            throw new AggregateException(own);
        }
    }

    /// <summary>A job of one rank: this thread.</summary>
    public static LocalCommunicator Alone() => new(new LocalJob(1), 0);

    /// <inheritdoc/>
    public void Barrier() => _job.Meet();

    /// <inheritdoc/>
    public void Broadcast(Span<byte> data, int root)
    {
        LocalOperation[] all = Post(NativeSpan.Of<byte>(data));
        _job.Meet();
        RequireSame(all, data.Length, nameof(Broadcast));
        if (Rank != root)
        {
            all[root].Send.Span.CopyTo(data);
        }

        _job.Meet();
    }

    /// <inheritdoc/>
    public void AllGather(ReadOnlySpan<byte> mine, ReadOnlySpan<int> lengths, Span<byte> all)
    {
        LocalOperation[] operands = Post(NativeSpan.Of(mine));
        _job.Meet();
        int offset = 0;
        for (int rank = 0; rank < Size; rank++)
        {
            Span<byte> theirs = operands[rank].Send.Span;
            if (theirs.Length != lengths[rank])
            {
                throw new CommunicationException($"Rank {rank} gives {theirs.Length} bytes where rank {Rank} expects {lengths[rank]}.", null);
            }

            theirs.CopyTo(all[offset..]);
            offset += theirs.Length;
        }

        _job.Meet();
    }

    /// <inheritdoc/>
    public void AllReduceSum(Span<float> values) => Wait(StartAllReduceSum(values));

    /// <inheritdoc/>
    public void AllReduceSum(Span<double> values) => Wait(Start(NativeSpan.Of<double>(values), Kind.SumDoubles));

    /// <inheritdoc/>
    public int StartAllReduceSum(Span<float> values) => Start(NativeSpan.Of<float>(values), Kind.SumFloats);

    /// <inheritdoc/>
    public int StartAllToAll(
        ReadOnlySpan<byte> send,
        ReadOnlySpan<int> sendCounts,
        ReadOnlySpan<int> sendOffsets,
        Span<byte> receive,
        ReadOnlySpan<int> receiveCounts,
        ReadOnlySpan<int> receiveOffsets)
    {
        int request = Start(NativeSpan.Of(send), Kind.AllToAll);
        LocalOperation mine = _job.Operation(request)[Rank];
        mine.Receive = NativeSpan.Of<byte>(receive);
        sendCounts.CopyTo(mine.SendCounts);
        sendOffsets.CopyTo(mine.SendOffsets);
        receiveCounts.CopyTo(mine.ReceiveCounts);
        receiveOffsets.CopyTo(mine.ReceiveOffsets);
        return request;
    }

    /// <inheritdoc/>
    public void Wait(int request)
    {
        ref bool underWay = ref _underWay[request % LocalJob.AtOnce];
        if (!underWay)
        {
            throw new InvalidOperationException($"Operation {request} was waited for twice, or never started.");
        }

        underWay = false;
        LocalOperation[] all = _job.Operation(request);
        _job.Meet();
        switch (_kinds[request % _kinds.Length])
        {
            case Kind.AllToAll:
                Receive(all);
                _job.Meet();
                break;
            case Kind.SumFloats:
                Sum<float>(all);
                break;
            default:
                Sum<double>(all);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();

    private LocalOperation[] Post(NativeSpan data)
    {
        while (_underWay[_number % LocalJob.AtOnce])
        {
            _number++; // the place of an operation that is not over yet; it is so on every rank
        }

        LocalOperation[] all = _job.Operation(_number++);
        all[Rank].Send = data;
        return all;
    }

    private int Start(NativeSpan data, Kind kind)
    {
        Post(data);
        int request = _number - 1;
        _underWay[request % LocalJob.AtOnce] = true;
        _kinds[request % _kinds.Length] = kind;
        return request;
    }

    private void Receive(LocalOperation[] all)
    {
        LocalOperation mine = all[Rank];
        for (int rank = 0; rank < Size; rank++)
        {
            int bytes = all[rank].SendCounts[Rank];
            if (bytes != mine.ReceiveCounts[rank])
            {
                throw new CommunicationException($"Rank {rank} sends {bytes} bytes where rank {Rank} expects {mine.ReceiveCounts[rank]}.", null);
            }

            all[rank].Send.Span.Slice(all[rank].SendOffsets[Rank], bytes).CopyTo(mine.Receive.Span[mine.ReceiveOffsets[rank]..]);
        }
    }

    private void Sum<T>(LocalOperation[] all)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        Span<byte> values = all[Rank].Send.Span;
        RequireSame(all, values.Length, nameof(AllReduceSum));
        if (_scratch.Length < values.Length)
        {
            _scratch.Dispose();
            _scratch = new NativeBuffer<byte>(values.Length);
        }

        Span<byte> result = _scratch.Slice(0, values.Length);
        all[0].Send.Span.CopyTo(result);
        Span<T> sums = MemoryMarshal.Cast<byte, T>(result);
        for (int rank = 1; rank < Size; rank++)
        {
            ReadOnlySpan<T> theirs = MemoryMarshal.Cast<byte, T>(all[rank].Send.Span);
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += theirs[i];
            }
        }

        _job.Meet();
        result.CopyTo(values);
        _job.Meet();
    }

    private void RequireSame(LocalOperation[] all, int bytes, string operation)
    {
        for (int rank = 0; rank < Size; rank++)
        {
            if (all[rank].Send.Length != bytes)
            {
                throw new CommunicationException(
                    $"{operation}: rank {rank} has {all[rank].Send.Length} bytes, rank {Rank} {bytes}.", null);
            }
        }
    }
}
