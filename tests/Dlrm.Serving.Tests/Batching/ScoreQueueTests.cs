using Dlrm.Data;
using Dlrm.Serving.Batching;
using Xunit;

namespace Dlrm.Serving.Tests.Batching;

public sealed class ScoreQueueTests : IDisposable
{
    private readonly List<IDisposable> _made = [];

    public void Dispose() => _made.ForEach(made => made.Dispose());

    [Fact]
    public void Requests_that_fit_a_batch_are_taken_together_in_their_order()
    {
        var queue = new ScoreQueue(100, TimeSpan.Zero);
        PendingScore[] requests = [Rows(3), Rows(4), Rows(5), Rows(1)];
        Assert.All(requests, request => Assert.True(queue.TryEnqueue(request)));
        List<PendingScore> taken = [];
        Assert.True(queue.Take(taken, 8));
        Assert.Equal(requests[..2], taken);
        Assert.True(queue.Take(taken, 8));
        Assert.Equal(requests[2..], taken);
        Assert.Equal(0, queue.Rows);
    }

    [Fact]
    public void A_request_larger_than_a_batch_or_with_a_context_goes_alone()
    {
        var queue = new ScoreQueue(100, TimeSpan.Zero);
        PendingScore[] requests = [Rows(20), Rows(1), Rows(1, shared: true), Rows(1)];
        Assert.All(requests, request => Assert.True(queue.TryEnqueue(request)));
        List<PendingScore> taken = [];
        foreach (PendingScore request in requests)
        {
            Assert.True(queue.Take(taken, 8));
            Assert.Same(request, Assert.Single(taken));
        }
    }

    [Fact]
    public void Rows_beyond_the_limit_find_no_room_until_others_leave()
    {
        var queue = new ScoreQueue(5, TimeSpan.Zero);
        PendingScore first = Rows(3);
        PendingScore second = Rows(2);
        Assert.True(queue.TryEnqueue(first));
        Assert.True(queue.TryEnqueue(second));
        Assert.False(queue.TryEnqueue(Rows(1)));
        Assert.True(queue.TryCancel(second));
        Assert.True(second.Done.IsCanceled);
        Assert.False(queue.TryCancel(second));
        Assert.True(queue.TryEnqueue(Rows(2)));
        Assert.False(queue.TryEnqueue(Rows(1)));
    }

    [Fact]
    public void What_was_taken_cannot_be_cancelled()
    {
        var queue = new ScoreQueue(5, TimeSpan.Zero);
        PendingScore request = Rows(1);
        queue.TryEnqueue(request);
        queue.Take([], 1);
        Assert.False(queue.TryCancel(request));
        Assert.False(request.Done.IsCompleted);
    }

    [Fact]
    public void A_closed_queue_gives_what_it_has_and_then_ends()
    {
        var queue = new ScoreQueue(5, TimeSpan.FromHours(1));
        queue.TryEnqueue(Rows(1));
        queue.Close();
        List<PendingScore> taken = [];
        Assert.True(queue.Take(taken, 8));
        Assert.False(queue.Take(taken, 8));
        Assert.Throws<ObjectDisposedException>(() => queue.TryEnqueue(Rows(1)));
    }

    [Fact]
    public void A_full_batch_does_not_wait_for_the_delay()
    {
        var queue = new ScoreQueue(50, TimeSpan.FromHours(1));
        queue.TryEnqueue(Rows(4));
        queue.TryEnqueue(Rows(4));
        List<PendingScore> taken = [];
        Assert.True(queue.Take(taken, 8));
        Assert.Equal(2, taken.Count);
    }

    [Fact]
    public void Merged_rows_keep_their_numbers_and_lookups()
    {
        using var target = new Batch(2, 2);
        PendingScore[] requests = [Rows(2), Rows(1)];
        for (int request = 0; request < 2; request++)
        {
            Batch rows = requests[request].Rows;
            rows.Dense.Fill(request + 1);
            new[] { 5 + request, 6, 7 }[..rows.Size].CopyTo(rows.ReserveIndices(1, rows.Size));
            for (int row = 0; row <= rows.Size; row++)
            {
                rows.Offsets(1)[row] = row;
            }
        }

        BatchMerge.Fill(target, [.. requests]);
        Assert.Equal([1, 1, 1, 1, 2, 2], target.Dense.ToArray());
        Assert.Equal([0, 1, 2, 3], target.Offsets(1).ToArray());
        Assert.Equal([5, 6, 6], target.Indices(1).ToArray());
        Assert.Equal([0, 0, 0, 0], target.Offsets(0).ToArray());
    }

    private PendingScore Rows(int count, bool shared = false)
    {
        var batch = new Batch(2, 2);
        batch.Resize(count);
        for (int table = 0; table < 2; table++)
        {
            batch.Offsets(table).Clear();
        }

        var pending = new PendingScore(batch, shared ? new SharedContext([true, false], Dense: true) : null);
        _made.Add(batch);
        _made.Add(pending);
        return pending;
    }
}
