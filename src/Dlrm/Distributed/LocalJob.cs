using Dlrm.Memory;

namespace Dlrm.Distributed;

/// <summary>What the ranks of a <see cref="LocalCommunicator"/> share: a place for each one's operands, and a meeting point.</summary>
internal sealed class LocalJob
{
    /// <summary>Operations that may be under way at once.</summary>
    public const int AtOnce = 64;

    private readonly object _gate = new();
    private readonly Dictionary<int, LocalOperation[]> _operations = [];
    private int _arrived;
    private int _meeting;
    private Exception? _failure;

    /// <summary>A job of some ranks.</summary>
    /// <param name="ranks">1 or more.</param>
    public LocalJob(int ranks) => Ranks = ranks;

    /// <summary>N.</summary>
    public int Ranks { get; }

    /// <summary>The operands of an operation, one entry a rank. Operations that are over lend their entries to later ones.</summary>
    /// <param name="number">Of the operation: the same on every rank.</param>
    public LocalOperation[] Operation(int number)
    {
        lock (_gate)
        {
            if (!_operations.TryGetValue(number % AtOnce, out LocalOperation[]? entries))
            {
                entries = [.. Enumerable.Range(0, Ranks).Select(_ => new LocalOperation(Ranks))];
                _operations.Add(number % AtOnce, entries);
            }

            return entries;
        }
    }

    /// <summary>Returns when every rank has come here as often.</summary>
    /// <exception cref="CommunicationException">A rank has failed.</exception>
    public void Meet()
    {
        lock (_gate)
        {
            int meeting = _meeting;
            if (++_arrived == Ranks)
            {
                _arrived = 0;
                _meeting++;
                Monitor.PulseAll(_gate);
                return;
            }

            while (meeting == _meeting && _failure is null)
            {
                Monitor.Wait(_gate);
            }

            if (meeting == _meeting)
            {
                throw new CommunicationException($"A rank of this process has failed: {_failure!.Message}", _failure);
            }
        }
    }

    /// <summary>Ends every other rank's waiting.</summary>
    /// <param name="failure">What happened.</param>
    public void Fail(Exception failure)
    {
        lock (_gate)
        {
            _failure ??= failure;
            Monitor.PulseAll(_gate);
        }
    }
}

/// <summary>One rank's operands of an operation.</summary>
internal sealed class LocalOperation(int ranks)
{
    /// <summary>What it sends, or both sends and receives.</summary>
    public NativeSpan Send { get; set; }

    /// <summary>Where it receives.</summary>
    public NativeSpan Receive { get; set; }

    /// <summary>Bytes for each rank.</summary>
    public int[] SendCounts { get; } = new int[ranks];

    /// <summary>Where they begin.</summary>
    public int[] SendOffsets { get; } = new int[ranks];

    /// <summary>Bytes from each rank.</summary>
    public int[] ReceiveCounts { get; } = new int[ranks];

    /// <summary>Where they go.</summary>
    public int[] ReceiveOffsets { get; } = new int[ranks];
}
