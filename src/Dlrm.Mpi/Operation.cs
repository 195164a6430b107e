using Dlrm.Memory;

namespace Dlrm.Mpi;

/// <summary>What an <see cref="Operation"/> does when its messages have arrived.</summary>
internal enum OperationKind
{
    /// <summary>Nothing: they lie where they belong.</summary>
    Exchange,

    /// <summary>Every rank's whole vector is here: add them up.</summary>
    SumWhole,

    /// <summary>Every rank's part of this rank's section is here: add them up and send the section to all.</summary>
    SumSection,
}

/// <summary>One collective operation under way: its messages, and what is left to do. Kept and used again.</summary>
/// <param name="ranks">Ranks in the job.</param>
/// <param name="requestBytes">Bytes of a request's handle.</param>
internal sealed unsafe class Operation(int ranks, int requestBytes) : IDisposable
{
    private readonly NativeBuffer<byte> _requests = new(2L * ranks * requestBytes);
    private NativeBuffer<byte>? _scratch;

    /// <summary>Which rank a message goes to or comes from, message by message.</summary>
    public int[] Peers { get; } = new int[2 * ranks];

    /// <summary>Messages posted.</summary>
    public int Messages { get; set; }

    /// <summary>True between its start and the end of its wait.</summary>
    public bool InUse { get; set; }

    /// <summary>True when nothing is left to do.</summary>
    public volatile bool Done;

    /// <summary>What went wrong in it; null for nothing.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What it does when its messages have arrived.</summary>
    public OperationKind Kind { get; set; }

    /// <summary>True for sums of doubles, false for floats.</summary>
    public bool IsDouble { get; set; }

    /// <summary>Which operation of the job it is, from 1: the same number on every rank.</summary>
    public long Number { get; set; }

    /// <summary>What it is called in messages.</summary>
    public string Name { get; set; } = "";

    /// <summary>The vector of a sum.</summary>
    public byte* Values { get; set; }

    /// <summary>Elements of the vector.</summary>
    public long Length { get; set; }

    /// <summary>The handle of a message.</summary>
    public nint* Request(int message) => (nint*)(_requests.Data + ((long)message * requestBytes));

    /// <summary>Memory for what other ranks send, kept from one use to the next.</summary>
    /// <param name="bytes">How much is needed.</param>
    public byte* Scratch(long bytes)
    {
        if (_scratch is null || _scratch.Bytes < bytes)
        {
            _scratch?.Dispose();
            _scratch = null;
            _scratch = new NativeBuffer<byte>(bytes);
        }

        return _scratch.Data;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _requests.Dispose();
        _scratch?.Dispose();
    }
}
