using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Dlrm.Distributed;
using Dlrm.Mpi.Native;

namespace Dlrm.Mpi;

/// <summary>The ranks of an MPI job: one process a rank, messages by the MPI library that is installed.</summary>
/// <remarks>
/// <para>
/// Collectives are made of MPI's non-blocking point-to-point messages, for two reasons. The order of a sum is ours
/// (<see cref="RankOrderSum"/>), so its bits do not depend on the library. And when something does not come, it is known
/// whose message is missing, where a stuck collective of MPI says nothing.
/// </para>
/// <para>
/// MPI moves large messages only while one of its functions runs. So where ranks are on several hosts, a thread of its own lets
/// MPI work from time to time between the start of an operation and its <see cref="Wait"/>.
/// </para>
/// <para>
/// A wait that exceeds <see cref="TimeLimit"/> ends with a message that names the ranks whose messages are missing. Ranks
/// that died or were stopped are found sooner, by <see cref="Monitoring.RankMonitor"/>.
/// </para>
/// </remarks>
public sealed unsafe partial class MpiCommunicator : ICommunicator
{
    /// <summary>Operations that may be under way at once.</summary>
    public const int MaximumOperations = 64;

    /// <summary>Tags 0 … 2¹⁴ − 1, below the least <c>MPI_TAG_UB</c> that MPI allows; two an operation.</summary>
    private const int TagNumbers = 8192;

    /// <summary>Polls of a wait before it begins to give the processor away between them.</summary>
    private const int EagerPolls = 64;

    /// <summary>A wait that lasts longer is not for the network but for a rank that does something else: it sleeps between polls.</summary>
    private static readonly TimeSpan Eager = TimeSpan.FromMilliseconds(2);

    private readonly MpiLibrary _mpi;
    private readonly Operation[] _operations = new Operation[MaximumOperations];
    private readonly Lock _gate = new(); // MPI is entered by one thread at a time.
    private readonly bool _maySerialize; // any thread may enter MPI, one at a time
    private Progress? _progress;
    private long _number;
    private bool _over;

    private MpiCommunicator(MpiLibrary mpi, string host)
    {
        _mpi = mpi;
        Host = host;
        int rank;
        int size;
        int provided;
        int begun;
        mpi.Check(mpi.Initialized(&begun), "MPI_Initialized");
        if (begun != 0)
        {
            throw new InvalidOperationException("MPI has been initialized before: a process has one MpiCommunicator.");
        }

        mpi.Check(mpi.InitThread(null, null, MpiLibrary.Serialized, &provided), "MPI_Init_thread");
        mpi.Check(mpi.SetErrorHandler(mpi.Handles.World, mpi.Handles.ErrorsReturn), "MPI_Comm_set_errhandler");
        mpi.Check(mpi.Rank(mpi.Handles.World, &rank), "MPI_Comm_rank");
        mpi.Check(mpi.Size(mpi.Handles.World, &size), "MPI_Comm_size");
        (Rank, Size) = (rank, size);
        for (int i = 0; i < _operations.Length; i++)
        {
            _operations[i] = new Operation(size, mpi.Handles.RequestBytes);
        }

        _maySerialize = provided >= MpiLibrary.Serialized;
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public string Host { get; }

    /// <summary>How long a wait may last while the other ranks are alive.</summary>
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Operations that this rank has begun: where it stands, for messages about ranks that do not come.</summary>
    public long OperationsBegun => Volatile.Read(ref _number);

    /// <summary>Bytes that this rank has sent to others.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Says more about ranks whose messages are missing than this rank's messages tell; null for nobody.</summary>
    internal Func<IReadOnlyList<int>, string>? Explain { get; set; }

    /// <summary>Joins the job that this process was started for.</summary>
    /// <param name="mpich">True where what started the process was MPICH's (see <see cref="Launching.LaunchEnvironment"/>).</param>
    /// <exception cref="CommunicationException">MPI is not installed or does not start; the message says what to do.</exception>
    public static MpiCommunicator Join(bool mpich = false) => new(MpiLibrary.Load(mpich), Environment.MachineName);

    /// <summary>
    /// From now on a thread of its own lets MPI work while the caller computes. It pays where messages cross a network; between
    /// ranks of one machine, which copy from memory when they wait, it only takes a core from a worker.
    /// </summary>
    /// <param name="byDefault">What <c>DLRM_MPI_PROGRESS</c>, if set, overrules.</param>
    internal void LetProgress(bool byDefault)
    {
        string? asked = Environment.GetEnvironmentVariable(Progress.Variable);
        if (Size > 1 && _maySerialize && _progress is null && (string.IsNullOrEmpty(asked) ? byDefault : asked != "off"))
        {
            _progress = new Progress(this);
        }
    }

    /// <inheritdoc/>
    public void Wait(int request)
    {
        Operation operation = _operations[request];
        if (!operation.InUse)
        {
            throw new InvalidOperationException($"Operation {request} is not under way: each is waited for once.");
        }

        try
        {
            WaitFor(operation);
        }
        finally
        {
            operation.InUse = false;
        }
    }

    /// <summary>Ends the job in order: every rank calls it when all that was started has been waited for.</summary>
    public void Finish()
    {
        Barrier();
        _progress?.Dispose();
        lock (_gate)
        {
            _over = true;
            _mpi.Check(_mpi.Complete(), "MPI_Finalize");
        }
    }

    /// <summary>Ends the job at once, on all ranks: this rank failed. Does not return.</summary>
    /// <param name="exitCode">Of this process, and of the launcher: 1 … 255.</param>
    public void Abort(int exitCode)
    {
        // Another thread may be inside MPI and never come out: then the launcher ends the others because this one ends.
        if (!_over && _gate.TryEnter(TimeSpan.FromSeconds(1)))
        {
            _mpi.Abort(_mpi.Handles.World, exitCode);
        }

        SystemCalls.ExitNow(exitCode);
    }

    /// <summary>Gives the memory back. Without <see cref="Finish"/> before, this rank failed: the job ends, with code 1.</summary>
    public void Dispose()
    {
        if (!_over)
        {
            Abort(1);
        }

        foreach (Operation operation in _operations)
        {
            operation.Dispose();
        }
    }

    /// <summary>Lets MPI work on all that is under way, unless another thread does.</summary>
    /// <returns>True when something is left.</returns>
    internal bool Advance()
    {
        if (!_gate.TryEnter())
        {
            return true;
        }

        try
        {
            return AdvanceAll();
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>MPI's own sum, in the library's order: what ours is measured against.</summary>
    /// <param name="values">Native memory; replaced by the sums.</param>
    internal void LibrarySum(Span<float> values)
    {
        fixed (float* data = values)
        {
            Operation operation;
            lock (_gate)
            {
                operation = Begin("a sum", OperationKind.Exchange);
                _mpi.Check(
                    _mpi.AllReduce(
                        (void*)_mpi.Handles.InPlace, data, values.Length, _mpi.Handles.Float, _mpi.Handles.Sum, _mpi.Handles.World, operation.Request(0)),
                    "MPI_Iallreduce");
                operation.Messages = 1;
            }

            Wait(Array.IndexOf(_operations, operation));
        }
    }

    private bool AdvanceAll()
    {
        bool left = false;
        foreach (Operation operation in _operations)
        {
            if (operation is { InUse: true, Done: false })
            {
                Advance(operation);
                left |= !operation.Done;
            }
        }

        return left;
    }

    private void Advance(Operation operation)
    {
        try
        {
            int arrived;
            _mpi.Check(_mpi.TestAll(operation.Messages, operation.Request(0), &arrived, _mpi.Handles.IgnoreStatus), operation.Name);
            if (arrived != 0)
            {
                Arrived(operation);
            }
        }
        catch (CommunicationException exception)
        {
            operation.Failure = exception; // for the thread that waits
            operation.Done = true;
        }
    }

    private void WaitFor(Operation operation)
    {
        long began = Stopwatch.GetTimestamp();
        for (int polls = 0; !operation.Done; polls++)
        {
            lock (_gate)
            {
                AdvanceAll();
            }

            if (polls > EagerPolls)
            {
                TimeSpan waited = Stopwatch.GetElapsedTime(began);
                if (waited > TimeLimit && !operation.Done)
                {
                    throw Missing(operation, waited);
                }

                if (waited < Eager)
                {
                    Thread.Yield();
                }
                else
                {
                    _ = SystemCalls.Sleep(waited < 100 * Eager ? 50u : 500u);
                }
            }
        }

        if (operation.Failure is { } failure)
        {
            operation.Failure = null;
            throw failure;
        }
    }

    /// <summary>What to say when an operation is not complete in time.</summary>
    private CommunicationException Missing(Operation operation, TimeSpan waited)
    {
        var missing = new SortedSet<int>();
        lock (_gate)
        {
            for (int message = 0; message < operation.Messages; message++)
            {
                int arrived = 1;
                if (_mpi.Test(operation.Request(message), &arrived, _mpi.Handles.IgnoreStatus) == 0 && arrived == 0)
                {
                    missing.Add(operation.Peers[message]);
                }
            }
        }

        int[] ranks = [.. missing];
        return new CommunicationException(string.Create(
            CultureInfo.InvariantCulture,
            $"has waited {waited.TotalSeconds:0} s in {operation.Name} (operation {operation.Number}) for {Words.Ranks(ranks)}. "
            + $"{Explain?.Invoke(ranks)} A job whose ranks legitimately wait longer takes a longer --comm-timeout."));
    }

    /// <summary>Takes an operation that is free. Under the gate, until its messages are posted.</summary>
    private Operation Begin(string name, OperationKind kind)
    {
        ObjectDisposedException.ThrowIf(_over, this);
        foreach (Operation operation in _operations)
        {
            if (!operation.InUse)
            {
                (operation.Name, operation.Kind, operation.Messages, operation.Done) = (name, kind, 0, false);
                operation.Number = _number + 1;
                Volatile.Write(ref _number, operation.Number);
                operation.InUse = true;
                return operation;
            }
        }

        throw new InvalidOperationException($"{MaximumOperations} operations are under way; each start takes a wait.");
    }

    /// <summary>Posts a message to come. Under the gate.</summary>
    private void Receive(Operation operation, int from, void* data, int count, nint type, int phase)
    {
        operation.Peers[operation.Messages] = from;
        _mpi.Check(
            _mpi.Receive(data, count, type, from, Tag(operation, phase), _mpi.Handles.World, operation.Request(operation.Messages)), operation.Name);
        operation.Messages++;
    }

    /// <summary>Posts a message to go. Under the gate.</summary>
    private void Send(Operation operation, int to, void* data, int count, nint type, int phase)
    {
        operation.Peers[operation.Messages] = to;
        _mpi.Check(
            _mpi.Send(data, count, type, to, Tag(operation, phase), _mpi.Handles.World, operation.Request(operation.Messages)), operation.Name);
        operation.Messages++;
        BytesSent += (long)count * (type == _mpi.Handles.Byte ? 1 : type == _mpi.Handles.Float ? sizeof(float) : sizeof(double));
    }

    private static int Tag(Operation operation, int phase) => (int)(2 * (operation.Number % TagNumbers)) + phase;

    /// <summary>The request of an operation that was posted; wakes the thread that lets MPI work meanwhile.</summary>
    private int Started(Operation operation)
    {
        _progress?.Wake();
        return Array.IndexOf(_operations, operation);
    }

    private void WaitAtOnce(Operation operation) => Wait(Array.IndexOf(_operations, operation));

    private static T* Address<T>(ReadOnlySpan<T> span)
        where T : unmanaged => (T*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(span));
}
