using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Optimizers;

namespace Dlrm.Distributed;

/// <summary>What a model's step has besides on several ranks: tables divided, towers replicated, what goes between.</summary>
/// <remarks>
/// <para>
/// A rank has a part of the batch (<see cref="BatchParts"/>) and a part of the tables (<see cref="ShardMap"/>). Forward:
/// lookups go to the ranks that have the rows (<see cref="LookupExchange"/>, begun in the step before), these pool for all
/// samples and send the vectors back (<see cref="PooledExchange"/>) while bottom towers are at work. Backward: gradients
/// of towers are added over ranks in buckets (<see cref="GradientBuckets"/>), those of pooled vectors go to the tables'
/// ranks, which then have the gradients of all samples, in their order: a table takes the step that it takes in one
/// process, to the bit if the gradients are.
/// </para>
/// <para>Every rank makes these calls in the same order. One object belongs to one model.</para>
/// </remarks>
internal sealed class HybridParallelism : IGradientSink, IDisposable
{
    private readonly Engine _engine;
    private readonly int[] _rows;
    private readonly PooledExchange _pooled;
    private readonly NativeBuffer<double> _agreed = new(DistributedOptions.VirtualShards + 2);
    private readonly ScoreGathering _scores;
    private LookupExchange _now;
    private LookupExchange _next;
    private GradientBuckets? _buckets;
    private GradientAccumulator? _accumulator;
    private CancellationToken _stop;

    /// <summary>Makes this rank's tables, zeroed.</summary>
    /// <param name="config">The model.</param>
    /// <param name="engine">What to compute with.</param>
    /// <param name="options">How ranks share it.</param>
    /// <param name="optimizer">The update rule; null for a model that only predicts.</param>
    /// <param name="rule">What the rule takes besides.</param>
    /// <exception cref="ArgumentException">Ranks cannot do it; the message says what and what to do.</exception>
    public HybridParallelism(DlrmConfig config, Engine engine, DistributedOptions options, string? optimizer, OptimizerOptions? rule)
    {
        _engine = engine;
        Communicator = options.Communicator;
        ShardPlan plan = DistributedRules.Resolve(config, options, optimizer, rule);
        Map = new ShardMap(config, plan, wholeRowGradients: optimizer == "rwsadagrad");
        IsDeterministic = options.Deterministic;
        TableShard[] own = Map.Shards(Communicator.Rank);
        RefuseWhatCannotFit(config, own, optimizer);
        Tables = new EmbeddingTables(
            engine,
            [.. own.Select(shard => shard.Create(engine, optimizer is not null))],
            [.. own.Select(shard => new TableColumns(shard.Column, shard.Width, shard.GradientColumn, shard.GradientWidth))],
            firstParameter: 0)
        {
            IsPartial = true,
        };
        Replicas = Map.Replicas.Count == 0 ? null : new ReplicatedTables(engine, Map, Communicator, Tables.SparseParameters.Count);
        _rows = [.. Map.Layouts.Select(layout => layout.Rows)];
        _pooled = new PooledExchange(Map, Communicator, engine, options.CommunicationFormat);
        _now = new LookupExchange(Map, Communicator);
        _next = new LookupExchange(Map, Communicator);
        _scores = new ScoreGathering(Communicator);
    }

    /// <summary>What the ranks talk through.</summary>
    public ICommunicator Communicator { get; }

    /// <summary>Who has what.</summary>
    public ShardMap Map { get; }

    /// <summary>This rank's parts of divided and whole tables: they pool for all samples.</summary>
    public EmbeddingTables Tables { get; }

    /// <summary>The tables that every rank has; null for none.</summary>
    public ReplicatedTables? Replicas { get; }

    /// <summary>Whether sums over the batch are taken in a tree over virtual shards.</summary>
    public bool IsDeterministic { get; }

    /// <summary>Where <see cref="IsDeterministic"/>: the gradients by virtual shard.</summary>
    public VirtualShardSums? Shards { get; private set; }

    /// <summary>Parameters updated row by row, this rank's.</summary>
    public IReadOnlyList<Parameter> SparseParameters => [.. Tables.SparseParameters, .. Replicas?.Tables.SparseParameters ?? []];

    /// <summary>All parameters of this rank's tables.</summary>
    public IReadOnlyList<Parameter> TableParameters => [.. Tables.Parameters, .. Replicas?.Tables.Parameters ?? []];

    /// <summary>The lookups of all samples in this rank's tables, after <see cref="ExchangeLookups"/>.</summary>
    public Batch Lookups => _now.Lookups;

    /// <summary>The gradients of all samples in this rank's tables, after <see cref="FinishTableGradients"/>.</summary>
    public MatrixView TableGradient => _pooled.Gradient;

    /// <summary>Columns of <see cref="TableGradient"/>.</summary>
    public int TableGradientWidth => Map.GradientWidth(Communicator.Rank);

    /// <summary>Whether a rank has been asked to stop, as all of them know it since the last forward pass.</summary>
    public bool StopAgreed { get; private set; }

    /// <summary>Whether this rank would write a checkpoint after this step.</summary>
    public bool CheckpointWanted { get; set; }

    /// <summary>Whether all would.</summary>
    public bool CheckpointAgreed { get; private set; }

    /// <summary>Bytes that this rank has sent in all-to-alls, and given into sums, so far.</summary>
    public (long Exchanged, long Reduced) Traffic => (
        _now.BytesSent + _next.BytesSent + _pooled.BytesSent + (Shards?.BytesSent ?? 0),
        (_buckets?.BytesReduced ?? 0) + (Replicas?.BytesReduced ?? 0));

    /// <summary>Lets ranks agree on a stop that one of them is asked for: all then stop after the same step.</summary>
    /// <param name="stop">This rank's.</param>
    public void ListenTo(CancellationToken stop)
    {
        _stop = stop;
        StopAgreed = false; // until the next forward pass
    }

    /// <summary>Makes what training needs, when the towers are there.</summary>
    /// <param name="dense">The parameters of towers and interaction.</param>
    /// <param name="optimizer">In charge of <see cref="SparseParameters"/>.</param>
    public void Train(IReadOnlyList<Parameter> dense, SparseOptimizer optimizer)
    {
        optimizer.Numbers = SparseNumbers();
        Replicas?.Train(_engine, optimizer);
        if (IsDeterministic)
        {
            Shards = new VirtualShardSums(Communicator, _engine, dense);
        }
        else
        {
            _buckets = new GradientBuckets(Communicator, dense);
        }
    }

    /// <summary>Begins to bring the lookups of the next batch to the ranks that have the rows.</summary>
    /// <param name="next">This rank's part; it must stay as it is until it was passed forward.</param>
    /// <exception cref="LookupException">An index lies outside its table.</exception>
    public void Prefetch(Batch next)
    {
        Validate(next);
        _next.Abandon();
        _next.Begin(next);
    }

    /// <summary>Ends a <see cref="Prefetch"/> whose batch will not come.</summary>
    public void AbandonPrefetch() => _next.Abandon();

    /// <summary>Gets the lookups of all samples in this rank's tables.</summary>
    /// <param name="batch">This rank's part.</param>
    /// <param name="training">Whether the way back may follow.</param>
    /// <exception cref="ArgumentException">It is not this rank's part of a batch.</exception>
    /// <exception cref="LookupException">An index lies outside its table; the job is over.</exception>
    public void ExchangeLookups(Batch batch, bool training)
    {
        if (_next.Has(batch))
        {
            (_now, _next) = (_next, _now);
        }
        else
        {
            _next.Abandon();
            Validate(batch);
            _now.Begin(batch);
        }

        _now.Finish();
        _now.Forget();
        _pooled.Resize(batch.WholeSize, training);
    }

    /// <summary>Pools for all samples and sends the vectors.</summary>
    public void StartForward()
    {
        Tables.Forward(Lookups, _pooled.Pooled);
        _pooled.StartForward();
    }

    /// <summary>Fills the features of all tables.</summary>
    /// <param name="batch">This rank's part.</param>
    /// <param name="features">(b, F·D): columns from D on are written.</param>
    public void FinishForward(Batch batch, MatrixView features)
    {
        Replicas?.Tables.Forward(batch, features);
        _pooled.FinishForward(batch, features);
    }

    /// <summary>Adds the losses of all ranks, and learns what they were asked to do.</summary>
    /// <param name="sum">Σ weight · loss of this rank's samples.</param>
    public double Agree(double sum)
    {
        Span<double> own = stackalloc double[1];
        own[0] = sum;
        return Agree(own, Communicator.Rank, Communicator.Size);
    }

    /// <summary>Adds the losses of virtual shards in their tree, and learns what the ranks were asked to do.</summary>
    /// <param name="sums">Σ weight · loss of each of this rank's shards.</param>
    public double Agree(ReadOnlySpan<double> sums) => Agree(sums, Communicator.Rank * sums.Length, DistributedOptions.VirtualShards);

    /// <inheritdoc/>
    public void Completed(Parameter parameter) => _buckets!.Add(parameter);

    /// <summary>Starts to add the gradients that towers or interaction hold: where they were not added while they came.</summary>
    /// <param name="dense">All of them.</param>
    public void ReduceAll(IReadOnlyList<Parameter> dense)
    {
        for (int number = 0; number < dense.Count; number++)
        {
            _buckets!.Add(dense[number]);
        }
    }

    /// <summary>Sends the gradients of pooled vectors to the tables' ranks; meanwhile the next batch's lookups go on.</summary>
    /// <param name="batch">This rank's part.</param>
    /// <param name="featureGradient">(b, F·D).</param>
    /// <param name="accumulates">True where an update will come later.</param>
    public void StartTableGradients(Batch batch, MatrixView featureGradient, bool accumulates)
    {
        _pooled.StartBackward(featureGradient);
        if (Replicas is not null)
        {
            if (accumulates)
            {
                Accumulate(batch, featureGradient);
            }
            else
            {
                Replicas.StartBackward(batch, featureGradient);
            }
        }

        _next.ContinueIfBegun();
    }

    /// <summary>Waits for the gradients of pooled vectors.</summary>
    public void FinishTableGradients() => _pooled.FinishBackward();

    /// <summary>Starts to add what replicated tables have accumulated.</summary>
    public void ReduceAccumulated()
    {
        if (_accumulator is { } all)
        {
            if (Replicas!.Tables.HasCompound)
            {
                Replicas.Tables.Forward(all.Lookups, all.Features);
            }

            Replicas.StartBackward(all.Lookups, all.FeatureGradient);
            all.Clear();
        }
    }

    /// <summary>Waits until the towers' gradients are those of the whole batch.</summary>
    public void FinishReduction()
    {
        if (Shards is { } shards)
        {
            shards.Sum();
            return;
        }

        _buckets!.Flush();
        _buckets.Finish();
        Replicas?.FinishBackward();
    }

    /// <summary>Puts every rank's scores and labels side by side, in the order of samples.</summary>
    /// <param name="batch">This rank's part.</param>
    /// <param name="scores">Of its samples.</param>
    public (NativeBuffer<float> Scores, NativeBuffer<float> Labels) Gather(Batch batch, ReadOnlySpan<float> scores) =>
        _scores.Gather(batch, scores);

    /// <summary>Gives the memory back; tables belong to the model.</summary>
    public void Dispose()
    {
        _now.Dispose();
        _next.Dispose();
        _pooled.Dispose();
        _buckets?.Dispose();
        Shards?.Dispose();
        Replicas?.Dispose();
        _accumulator?.Dispose();
        _agreed.Dispose();
        _scores.Dispose();
    }

    private void RefuseWhatCannotFit(DlrmConfig config, TableShard[] own, string? optimizer)
    {
        long tables = own.Sum(shard => shard.Bytes) + Map.Replicas.Sum(table => Map.Layouts[table].Bytes);
        long others = config.EstimateBytes(batch: 1, training: optimizer is not null) - Map.Layouts.Sum(layout => layout.Bytes);
        long needed = others + (tables * (1 + (optimizer is null ? 0 : Optimizer.StateCopies(optimizer))));
        long available = SystemMemory.AvailableBytes;
        if (needed > available)
        {
            throw new InsufficientMemoryException(
                $"Rank {Communicator.Rank} on {Communicator.Host} needs {SystemMemory.Describe(needed)} for its part of the model, "
                + $"{SystemMemory.Describe(tables)} of it tables; it may use {SystemMemory.Describe(available)}: use more ranks, or another "
                + "plan (dlrm plan --memory-per-rank).");
        }
    }

    private double Agree(ReadOnlySpan<double> sums, int first, int count)
    {
        Span<double> all = _agreed.Slice(0, count + 2);
        all.Clear();
        sums.CopyTo(all[first..]);
        all[count] = _stop.IsCancellationRequested ? 1 : 0;
        all[count + 1] = CheckpointWanted ? 1 : 0;
        Communicator.AllReduceSum(all);
        StopAgreed = all[count] > 0;
        CheckpointAgreed = all[count + 1] == Communicator.Size;
        if (IsDeterministic)
        {
            return VirtualShardSums.Tree(all[..count]);
        }

        double sum = 0;
        foreach (double part in all[..count])
        {
            sum += part;
        }

        return sum;
    }

    private void Validate(Batch batch)
    {
        (int start, int end) = BatchParts.Of(batch.WholeSize, Communicator.Rank, Communicator.Size);
        if (batch.FirstSample != start || batch.Size != end - start)
        {
            throw new ArgumentException(
                $"Rank {Communicator.Rank} of {Communicator.Size} takes samples {start} to {end} of {batch.WholeSize}; it got {batch.Size} from "
                + $"{batch.FirstSample} on: read batches through a {nameof(RankBatchSource)}.",
                nameof(batch));
        }

        var check = new LookupCheck(_rows, batch);
        check.Run(_engine.Team);
    }

    private void Accumulate(Batch batch, MatrixView featureGradient)
    {
        _accumulator ??= new GradientAccumulator(Map.Layouts.Count, featureGradient.Columns, Replicas!.Tables.HasCompound);
        _accumulator.Add(batch, featureGradient);
    }

    /// <summary>The number of each sparse parameter in a model that one process has.</summary>
    private int[] SparseNumbers()
    {
        var first = new int[Map.Layouts.Count + 1];
        for (int table = 0; table < Map.Layouts.Count; table++)
        {
            first[table + 1] = first[table] + (Map.Layouts[table].QuotientRemainder is null ? 1 : 2);
        }

        var numbers = new List<int>();
        foreach (EmbeddingTables? group in (EmbeddingTables?[])[Tables, Replicas?.Tables])
        {
            foreach (EmbeddingTable table in group?.Tables ?? [])
            {
                int sparse = table.Parameters.Count(parameter => parameter.Gradient is null);
                numbers.AddRange(Enumerable.Range(first[table.Number], sparse));
            }

            numbers.AddRange((group?.Tables ?? []).Where(table => table.PoolingWeight is not null).Select(table => first[^1] + table.Number));
        }

        return [.. numbers];
    }
}
