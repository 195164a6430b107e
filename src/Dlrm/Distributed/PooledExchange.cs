using System.Runtime.InteropServices;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Distributed;

/// <summary>The all-to-all of pooled vectors on the way forward, and of their gradients on the way back.</summary>
/// <remarks>
/// Letters: B samples of the whole batch, b of this rank's part, W(r) columns of rank r's pooled vectors. Forward, a rank
/// has pooled (B, W) for its parts of tables and sends rows [part of rank r] to rank r, which is one run of memory; it
/// receives (b, W(r)) from every rank r and puts the columns where the interaction reads them. Parts of a table that is
/// divided by rows are added by rising part. Where bags are means and the table is divided, means are taken here, of whole
/// sums. Backward, the same columns go the other way; what comes is (B, W), in the order of samples, in single precision
/// always: it is what the tables are updated with.
/// </remarks>
internal sealed class PooledExchange : IDisposable
{
    private readonly ShardMap _map;
    private readonly ICommunicator _communicator;
    private readonly Engine _engine;
    private readonly Arrival[] _arrivals;
    private readonly (int Table, MeanPooling Mean)[] _means;
    private readonly Exchange _forward;
    private readonly Exchange _backward;
    private readonly StorageFormat _format;
    private readonly int _dimension;
    private NativeBuffer<float> _pooled = new(0);
    private NativeBuffer<float> _gradient = new(0);
    private int _samples;

    /// <summary>An exchange without a batch.</summary>
    /// <param name="map">Who has what.</param>
    /// <param name="communicator">What it goes through.</param>
    /// <param name="engine">What to compute with.</param>
    /// <param name="format">How pooled vectors travel.</param>
    public PooledExchange(ShardMap map, ICommunicator communicator, Engine engine, StorageFormat format)
    {
        _map = map;
        _communicator = communicator;
        _engine = engine;
        _format = format;
        _dimension = map.Layouts[0].PooledDimension;
        TableShard[] all = [.. Enumerable.Range(0, map.Ranks).SelectMany(map.Shards).OrderBy(shard => shard.Table).ThenBy(shard => shard.Part)];
        _arrivals =
        [
            .. all.Select(shard => new Arrival(
                shard.Rank,
                shard.Column,
                shard.Width,
                ((shard.Table + 1) * _dimension) + (shard.Sharding == TableSharding.Column ? shard.Region.FirstColumn : 0),
                Adds: shard.IsByRow && shard.Part > 0,
                shard.GradientColumn,
                shard.GradientWidth,
                ((shard.Table + 1) * _dimension) + shard.FirstGradient)),
        ];
        _means = [.. all.Where(shard => shard.HasMeanOutside && shard.Part == 0).Select(shard => (shard.Table, new MeanPooling(engine)))];
        _forward = new Exchange(communicator);
        _backward = new Exchange(communicator);
    }

    /// <summary>Bytes that this rank sent to others so far.</summary>
    public long BytesSent => _forward.BytesSent + _backward.BytesSent;

    /// <summary>(B, W of this rank): the tables write here before <see cref="StartForward"/>.</summary>
    public MatrixView Pooled => MatrixView.Over(_pooled, _samples, _map.Width(_communicator.Rank));

    /// <summary>(B, gradient's W of this rank), after <see cref="FinishBackward"/>.</summary>
    public MatrixView Gradient => MatrixView.Over(_gradient, _samples, _map.GradientWidth(_communicator.Rank));

    /// <summary>Makes room.</summary>
    /// <param name="samples">B.</param>
    /// <param name="training">With the way back.</param>
    public void Resize(int samples, bool training)
    {
        _samples = samples;
        Grow(ref _pooled, (long)samples * _map.Width(_communicator.Rank));
        if (training)
        {
            Grow(ref _gradient, (long)samples * _map.GradientWidth(_communicator.Rank));
        }
    }

    /// <summary>Sends what was pooled.</summary>
    public void StartForward()
    {
        int own = _communicator.Rank;
        int part = BatchParts.Count(_samples, own, _map.Ranks);
        int bytes = _format.IsHalf() ? sizeof(ushort) : sizeof(float);
        for (int rank = 0; rank < _map.Ranks; rank++)
        {
            long theirs = BatchParts.Count(_samples, rank, _map.Ranks);
            _forward.Plan(rank, theirs * _map.Width(own) * bytes, (long)part * _map.Width(rank) * bytes);
        }

        if (!_format.IsHalf())
        {
            _forward.StartFrom(MemoryMarshal.AsBytes(_pooled.Slice(0, _samples * _map.Width(own))));
            return;
        }

        var work = new EncodeWork(this);
        _engine.Team.Run(ref work);
        _forward.Start();
    }

    /// <summary>Waits for what this rank's samples look up and puts it into the features.</summary>
    /// <param name="batch">This rank's part.</param>
    /// <param name="features">(b, F·D): the columns of divided and whole tables are written.</param>
    public void FinishForward(Batch batch, MatrixView features)
    {
        _forward.Finish();
        foreach ((_, MeanPooling mean) in _means)
        {
            mean.Reserve(batch.Size);
        }

        var work = new ArriveWork(this, batch, features);
        _engine.Team.Run(ref work);
    }

    /// <summary>Sends the gradients of this rank's samples to the ranks that have the tables.</summary>
    /// <param name="featureGradient">(b, F·D); those of means become those of sums.</param>
    public void StartBackward(MatrixView featureGradient)
    {
        int own = _communicator.Rank;
        for (int rank = 0; rank < _map.Ranks; rank++)
        {
            long theirs = BatchParts.Count(_samples, rank, _map.Ranks);
            _backward.Plan(
                rank,
                (long)featureGradient.Rows * _map.GradientWidth(rank) * sizeof(float),
                theirs * _map.GradientWidth(own) * sizeof(float));
        }

        var work = new DepartWork(this, featureGradient);
        _engine.Team.Run(ref work);

        // Parts arrive one after the other, by rank, which is the order of samples.
        _backward.StartInto(MemoryMarshal.AsBytes(_gradient.Slice(0, _samples * _map.GradientWidth(own))));
    }

    /// <summary>Waits for the gradients of all samples: <see cref="Gradient"/>.</summary>
    public void FinishBackward() => _backward.Finish();

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _forward.Dispose();
        _backward.Dispose();
        _pooled.Dispose();
        _gradient.Dispose();
        foreach ((_, MeanPooling mean) in _means)
        {
            mean.Dispose();
        }
    }

    private static void Grow(ref NativeBuffer<float> buffer, long length)
    {
        if (length > buffer.Length)
        {
            buffer.Dispose();
            buffer = new NativeBuffer<float>(length);
        }
    }

    private void Encode(int worker, int workers)
    {
        int width = _map.Width(_communicator.Rank);
        if (width == 0)
        {
            return;
        }

        MatrixView pooled = Pooled;
        for (int rank = 0; rank < _map.Ranks; rank++)
        {
            (int first, int last) = BatchParts.Of(_samples, rank, _map.Ranks);
            Span<byte> outgoing = _forward.Outgoing(rank);
            (int start, int end) = WorkerTeam.Share(last - first, worker, workers);
            int bytes = (int)_format.RowBytes(width);
            for (int sample = start; sample < end; sample++)
            {
                RowCodec.Encode(_format, pooled.Row(first + sample), outgoing.Slice(sample * bytes, bytes));
            }
        }
    }

    private void Arrive(Batch batch, MatrixView features, int worker, int workers)
    {
        (int start, int end) = WorkerTeam.Share(batch.Size, worker, workers);
        int element = _format.IsHalf() ? sizeof(ushort) : sizeof(float);
        Span<float> added = stackalloc float[Math.Min(_dimension, 1024)];
        foreach (Arrival arrival in _arrivals)
        {
            ReadOnlySpan<byte> incoming = _forward.Incoming(arrival.Rank);
            int stride = _map.Width(arrival.Rank) * element;
            for (int sample = start; sample < end; sample++)
            {
                ReadOnlySpan<byte> row = incoming.Slice((sample * stride) + (arrival.Column * element), arrival.Width * element);
                Span<float> target = features.Row(sample).Slice(arrival.Target, arrival.Width);
                if (!arrival.Adds)
                {
                    RowCodec.Decode(_format, row, target);
                    continue;
                }

                for (int column = 0; column < target.Length; column += added.Length)
                {
                    Span<float> piece = added[..Math.Min(added.Length, target.Length - column)];
                    RowCodec.Decode(_format, row.Slice(column * element, piece.Length * element), piece);
                    for (int i = 0; i < piece.Length; i++)
                    {
                        target[column + i] += piece[i];
                    }
                }
            }
        }

        foreach ((int table, MeanPooling mean) in _means)
        {
            mean.Measure(batch.Offsets(table), start, end);
            mean.Apply(features.ColumnRange((table + 1) * _dimension, _dimension), start, end);
        }
    }

    private void Depart(MatrixView gradient, int worker, int workers)
    {
        (int start, int end) = WorkerTeam.Share(gradient.Rows, worker, workers);
        foreach ((int table, MeanPooling mean) in _means)
        {
            mean.Apply(gradient.ColumnRange((table + 1) * _dimension, _dimension), start, end);
        }

        foreach (Arrival arrival in _arrivals)
        {
            Span<float> outgoing = MemoryMarshal.Cast<byte, float>(_backward.Outgoing(arrival.Rank));
            int stride = _map.GradientWidth(arrival.Rank);
            for (int sample = start; sample < end; sample++)
            {
                gradient.Row(sample)
                    .Slice(arrival.GradientSource, arrival.GradientWidth)
                    .CopyTo(outgoing[((sample * stride) + arrival.GradientColumn)..]);
            }
        }
    }

    /// <summary>Where one part of a table arrives in the features, and where its gradient is taken from.</summary>
    private readonly record struct Arrival(
        int Rank, int Column, int Width, int Target, bool Adds, int GradientColumn, int GradientWidth, int GradientSource);

    private readonly struct EncodeWork(PooledExchange owner) : IParallelWork
    {
        public void Execute(int worker, int workers) => owner.Encode(worker, workers);
    }

    private readonly struct ArriveWork(PooledExchange owner, Batch batch, MatrixView features) : IParallelWork
    {
        public void Execute(int worker, int workers) => owner.Arrive(batch, features, worker, workers);
    }

    private readonly struct DepartWork(PooledExchange owner, MatrixView gradient) : IParallelWork
    {
        public void Execute(int worker, int workers) => owner.Depart(gradient, worker, workers);
    }
}
