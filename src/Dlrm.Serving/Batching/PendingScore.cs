using System.Buffers;
using System.Diagnostics;
using Dlrm.Data;

namespace Dlrm.Serving.Batching;

/// <summary>What a ranking request's candidates share: computed for sample 0 alone.</summary>
/// <param name="Tables">(T): true where the context decides the lookups.</param>
/// <param name="Dense">True when all dense features are the context's.</param>
internal sealed record SharedContext(bool[] Tables, bool Dense);

/// <summary>The rows of one request on their way through the queue.</summary>
/// <remarks>The queue's lock guards the links and <see cref="IsWaiting"/>; whoever takes it from the queue owns the rest.</remarks>
internal sealed class PendingScore : IDisposable
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private float[] _scores;

    /// <summary>Rows that are to be scored.</summary>
    /// <param name="rows">Valid for the model; the request's until <see cref="Done"/>.</param>
    /// <param name="shared">What they share; null for nothing.</param>
    public PendingScore(Batch rows, SharedContext? shared)
    {
        Rows = rows;
        Shared = shared;
        Count = rows.Size;
        _scores = ArrayPool<float>.Shared.Rent(Count);
    }

    /// <summary>The rows.</summary>
    public Batch Rows { get; }

    /// <summary>What they share; such a request is scored alone.</summary>
    public SharedContext? Shared { get; }

    /// <summary>How many rows.</summary>
    public int Count { get; }

    /// <summary>One a row, once <see cref="Done"/>; valid until disposal.</summary>
    public Span<float> Scores => _scores.AsSpan(0, Count);

    /// <summary>Ends when the scores are there, or with what went wrong.</summary>
    public Task Done => _done.Task;

    /// <summary>When it was put into the queue.</summary>
    public long Since { get; } = Stopwatch.GetTimestamp();

    /// <summary>In the queue.</summary>
    public bool IsWaiting { get; set; }

    public PendingScore? Previous { get; set; }

    public PendingScore? Next { get; set; }

    /// <summary>The scores are there.</summary>
    public void Complete() => _done.TrySetResult();

    /// <summary>There will be none.</summary>
    public void Fail(Exception exception) => _done.TrySetException(exception);

    /// <summary>Nobody waits for them any more.</summary>
    public void Cancel() => _done.TrySetCanceled();

    /// <summary>Gives the scores' memory back.</summary>
    public void Dispose()
    {
        ArrayPool<float>.Shared.Return(_scores);
        _scores = [];
    }
}
