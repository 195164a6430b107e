using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Distributed;

/// <summary>Adds the towers' gradients over ranks, in buckets that start as soon as their layers have them.</summary>
/// <remarks>
/// Gradients are copied side by side in the order in which the way back gives them; a bucket of 256 KB or more (at most 16
/// of them) starts while the layers below are still at work. <see cref="Finish"/> copies the sums back.
/// </remarks>
internal sealed class GradientBuckets : IDisposable
{
    /// <summary>256 KB: so large that a message's latency is little beside its time.</summary>
    private const int SmallestBucket = 1 << 16;

    /// <summary>A communicator need not have more sums under way at once.</summary>
    private const int MostBuckets = 16;

    private readonly ICommunicator _communicator;
    private readonly NativeBuffer<float> _values;
    private readonly Parameter[] _added;
    private readonly int[] _requests;
    private readonly long _bucketFloats;
    private int _count;
    private int _started;
    private int _buckets;
    private int _end;

    /// <summary>Room for all gradients.</summary>
    /// <param name="communicator">What they go through.</param>
    /// <param name="parameters">Those whose gradients are added, in any order.</param>
    public GradientBuckets(ICommunicator communicator, IReadOnlyList<Parameter> parameters)
    {
        _communicator = communicator;
        _values = new NativeBuffer<float>(parameters.Sum(parameter => parameter.Elements));
        _bucketFloats = BucketFloats(_values.Length);
        _added = new Parameter[parameters.Count];
        _requests = new int[parameters.Count];
    }

    /// <summary>Bytes that this rank gave into sums so far.</summary>
    public long BytesReduced { get; private set; }

    /// <summary>Buckets that so many elements make, at most.</summary>
    /// <param name="elements">Elements of all gradients.</param>
    public static long CountFor(long elements) => (elements + BucketFloats(elements) - 1) / BucketFloats(elements);

    /// <summary>Takes a gradient that is complete.</summary>
    /// <param name="parameter">Each once a step, in the same order on every rank.</param>
    public void Add(Parameter parameter)
    {
        parameter.Gradient!.Span.CopyTo(_values.Slice(_end, (int)parameter.Elements));
        _added[_count++] = parameter;
        _end += (int)parameter.Elements;
        if (_end - _started >= _bucketFloats)
        {
            StartBucket();
        }
    }

    /// <summary>Starts the last bucket.</summary>
    public void Flush()
    {
        if (_end > _started)
        {
            StartBucket();
        }
    }

    /// <summary>Waits for all sums and gives them to the parameters.</summary>
    public void Finish()
    {
        for (int bucket = 0; bucket < _buckets; bucket++)
        {
            _communicator.Wait(_requests[bucket]);
        }

        int start = 0;
        for (int number = 0; number < _count; number++)
        {
            Parameter parameter = _added[number];
            _values.Slice(start, (int)parameter.Elements).CopyTo(parameter.Gradient!.Span);
            start += (int)parameter.Elements;
        }

        (_count, _started, _buckets, _end) = (0, 0, 0, 0);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _values.Dispose();

    private void StartBucket()
    {
        _requests[_buckets++] = _communicator.StartAllReduceSum(_values.Slice(_started, _end - _started));
        BytesReduced += sizeof(float) * (long)(_end - _started);
        _started = _end;
    }

    private static long BucketFloats(long elements) => Math.Max(SmallestBucket, (elements + MostBuckets - 1) / MostBuckets);
}
