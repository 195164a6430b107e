using System.Collections.Concurrent;

namespace Dlrm.Serving.Models;

/// <summary>Things with native memory that requests borrow.</summary>
/// <typeparam name="T">What.</typeparam>
/// <param name="make">Makes one more.</param>
/// <param name="most">How many are kept; more are disposed of when they come back.</param>
internal sealed class Pool<T>(Func<T> make, int most) : IDisposable
    where T : class, IDisposable
{
    private readonly ConcurrentQueue<T> _free = new();
    private int _count;

    /// <summary>Takes one.</summary>
    public T Rent()
    {
        if (_free.TryDequeue(out T? item))
        {
            Interlocked.Decrement(ref _count);
            return item;
        }

        return make();
    }

    /// <summary>Gives one back.</summary>
    public void Return(T item)
    {
        if (Interlocked.Increment(ref _count) > most)
        {
            Interlocked.Decrement(ref _count);
            item.Dispose();
            return;
        }

        _free.Enqueue(item);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_free.TryDequeue(out T? item))
        {
            item.Dispose();
        }
    }
}
