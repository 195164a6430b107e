using Dlrm.Model;

namespace Dlrm.Distributed.Planning;

/// <summary>How long a step takes, given what each rank has: the cost that plans are compared by.</summary>
/// <remarks>
/// <para>
/// The step of hybrid-parallel training: look up for the whole batch · exchange pooled vectors, over the bottom tower ·
/// interaction, top, loss and back · exchange gradients, over the bottom tower's way back · add up the towers' gradients ·
/// update. Ranks wait for each other at each exchange, so a stage takes as long as the slowest rank, or as the host's cores
/// take for the work of all its ranks where there are more threads than cores.
/// </para>
/// <para>
/// Bytes: a rank with C columns sends C · (B − b) elements and receives those of the others for its b samples, the same
/// backward. Within a host cores copy them; between hosts they share the host's network, and computing hides a part.
/// An all-reduce between H hosts moves 2 · (H − 1) / H of the vector over each host's network.
/// </para>
/// </remarks>
internal sealed class StepModel
{
    private const int Collectives = 4; // numbers of lookups, lookups, vectors, gradients
    private const int MostSums = 16; // of which one waits for the other: a bucket is a layer at least

    private readonly PlanRequest _request;
    private readonly TowerTimes _towers;
    private readonly double[] _copy;
    private readonly double _fixedMemory;
    private readonly long _denseParameters;

    /// <summary>A request, already checked.</summary>
    public StepModel(PlanRequest request)
    {
        _request = request;
        DlrmConfig config = request.Model;
        _denseParameters = CostTerms.DenseParameters(config);
        int samples = request.MostSamples;
        _towers = new TowerTimes(request, samples);
        _copy = new double[request.Ranks];
        int copies = Optimizers.Optimizer.StateCopies(request.Optimizer);
        _fixedMemory = ((2 + copies) * sizeof(float) * (double)_denseParameters)
            + config.EstimateBytes(samples, training: true) - config.EstimateBytes(0, training: true);
        Tables = MakeTables();
    }

    /// <summary>Ways to divide each table, (T).</summary>
    public TableCosts[] Tables { get; }

    /// <summary>N.</summary>
    public int Ranks => _request.Ranks;

    /// <summary>Bytes that a rank may use.</summary>
    public double MemoryLimit => _request.Memory;

    /// <summary>Bytes of a rank without any table.</summary>
    public double FixedMemory => _fixedMemory;

    /// <summary>Bytes of a rank.</summary>
    public double MemoryOf(RankLoads loads, int rank) => loads.Memory[rank] + loads.Everywhere.Memory + _fixedMemory
        + (Ranks == 1 ? 0 : 2.0 * sizeof(float) * (loads.AllColumns - loads.Columns[rank]) * _request.SamplesOf(rank));

    /// <summary>Bytes beyond the limit, over all ranks.</summary>
    public double Overflow(RankLoads loads)
    {
        double over = 0;
        for (int rank = 0; rank < Ranks; rank++)
        {
            over += Math.Max(0, MemoryOf(loads, rank) - MemoryLimit);
        }

        return over;
    }

    /// <summary>A rank's whole work, by which ranks are compared when a part looks for a place.</summary>
    public double Work(RankLoads loads, int rank) =>
        loads.Gather[rank] + loads.Update[rank] + (loads.Columns[rank] * SecondsPerColumn);

    /// <summary>Seconds that a column of the batch costs the rank that has it: copies, and two ways over the network.</summary>
    private double SecondsPerColumn
    {
        get
        {
            double bytes = (double)_request.BatchSize * _request.ExchangedBytes * (Ranks - 1) / Ranks;
            double network = _request.Hosts == 1 ? 0 : 2 * _request.RanksPerHost / NetworkBytesPerSecond;
            return bytes * ((1e-9 / _request.Machine.Exchange.CopyGbPerSecond / _request.Threads) + network);
        }
    }

    /// <summary>Seconds of a step.</summary>
    public double Seconds(RankLoads loads)
    {
        StageSeconds s = Stages(loads);
        return s.Bottom + s.Gather + s.Exchange + s.InteractionTop + s.Backward + s.AllReduce + s.Update;
    }

    /// <summary>Seconds of each stage.</summary>
    public StageSeconds Stages(RankLoads loads)
    {
        ExchangeFigures figures = _request.Machine.Exchange;
        double work = Exchange(loads, out double network);
        double reduce = AllReduce(loads.ReducedElements, out double reduced);
        return new StageSeconds(
            _towers.Bottom,
            Slowest(loads.Gather) + Crowded(loads.Everywhere.Gather),
            work + Math.Max(0, network - (figures.Overlap * _towers.Bottom)) + Math.Max(0, network - (figures.Overlap * _towers.BottomBackward)),
            _towers.InteractionTop,
            _towers.Backward,
            reduce + Math.Max(reduced * (1 - figures.Overlap), reduced - (figures.Overlap * _towers.Backward)),
            Slowest(loads.Update) + Crowded(loads.Everywhere.Update) + _towers.DenseUpdate);
    }

    /// <summary>What is told of a plan.</summary>
    public StepPrediction Predict(RankLoads loads)
    {
        StageSeconds s = Stages(loads);
        double step = s.Bottom + s.Gather + s.Exchange + s.InteractionTop + s.Backward + s.AllReduce + s.Update;
        var breakdown = new Dictionary<string, double>(_towers.Breakdown)
        {
            ["embedding_forward"] = 1e3 * s.Gather,
            ["embedding_update"] = 1e3 * (s.Update - _towers.DenseUpdate),
            ["exchange_wait"] = 1e3 * s.Exchange,
            ["reduction_wait"] = 1e3 * s.AllReduce,
        };
        return new StepPrediction
        {
            StepMs = 1e3 * step,
            BottomMs = 1e3 * s.Bottom,
            GatherMs = 1e3 * s.Gather,
            ExchangeMs = 1e3 * s.Exchange,
            InteractionTopMs = 1e3 * s.InteractionTop,
            BackwardMs = 1e3 * s.Backward,
            AllReduceMs = 1e3 * s.AllReduce,
            UpdateMs = 1e3 * s.Update,
            SamplesPerSecond = _request.BatchSize / step,
            Breakdown = breakdown,
            Ranks = [.. Enumerable.Range(0, Ranks).Select(rank => Describe(loads, rank))],
        };
    }

    private RankPrediction Describe(RankLoads loads, int rank) => new(
        rank,
        loads.Parts[rank],
        1e3 * (loads.Gather[rank] + loads.Everywhere.Gather),
        1e3 * (loads.Update[rank] + loads.Everywhere.Update),
        loads.Columns[rank] * (_request.BatchSize - _request.SamplesOf(rank)) * _request.ExchangedBytes,
        (loads.AllColumns - loads.Columns[rank]) * _request.SamplesOf(rank) * _request.ExchangedBytes,
        MemoryOf(loads, rank));

    /// <summary>
    /// The exchanges of a step: what cores do for lookups, pooled vectors and their gradients, and the seconds that vectors
    /// take on the network in one direction. Lookups of the next batch travel meanwhile.
    /// </summary>
    private double Exchange(RankLoads loads, out double network)
    {
        network = 0;
        if (Ranks == 1 || loads.AllParts == 0)
        {
            return 0;
        }

        ExchangeFigures figures = _request.Machine.Exchange;
        double elements = _request.ExchangedBytes;
        double batch = _request.BatchSize;
        double messages = Collectives * (Ranks - 1) * figures.MessageMicroseconds * 1e-6;
        int perHost = _request.RanksPerHost;
        for (int host = 0; host < _request.Hosts; host++)
        {
            double columns = 0;
            double samples = 0;
            for (int rank = host * perHost; rank < (host + 1) * perHost; rank++)
            {
                double own = _request.SamplesOf(rank);

                // Taken from the others and put in place; for the way back put together, and taken by the tables' rank.
                double bytes = (elements * 2 * own * loads.AllColumns)
                    + (sizeof(float) * ((own * loads.AllColumns) + (batch * loads.Columns[rank])));
                double nanoseconds = (2 * own * loads.AllParts * figures.VectorNanoseconds)
                    + (((own * loads.AllParts) + (batch * loads.Parts[rank])) * figures.BagNanoseconds)
                    + (((own / batch * loads.AllLookups) + loads.Lookups[rank]) * figures.LookupNanoseconds);
                _copy[rank] = (((bytes / figures.CopyGbPerSecond) + nanoseconds) * 1e-9 / _request.Threads) + messages;
                columns += loads.Columns[rank];
                samples += own;
            }

            double sent = columns * (batch - samples);
            double received = (loads.AllColumns - columns) * samples;
            network = Math.Max(network, elements * Math.Max(sent, received) / NetworkBytesPerSecond);
        }

        return Slowest(_copy) + (Collectives * Latency());
    }

    /// <summary>The sums over ranks: what cores do for them, and the seconds on the network.</summary>
    /// <param name="replicated">Elements of replicated tables.</param>
    /// <param name="network">Seconds.</param>
    private double AllReduce(double replicated, out double network)
    {
        network = 0;
        if (Ranks == 1)
        {
            return 0;
        }

        ExchangeFigures figures = _request.Machine.Exchange;
        int perHost = _request.RanksPerHost;
        double bytes = (replicated + _denseParameters) * sizeof(float);

        // Gradients are put side by side and taken back; each rank adds its part of the vectors of the ranks beside it.
        double copies = 2 * sizeof(float) * (double)_denseParameters / (figures.CopyGbPerSecond * 1e9);
        double within = perHost == 1 ? 0 : bytes / (figures.ReduceGbPerSecond * 1e9) * 2 * (perHost - 1) / perHost;
        if (_request.Hosts > 1)
        {
            double hosts = _request.Hosts;
            network = (2 * (hosts - 1) / hosts * bytes / NetworkBytesPerSecond) + (2 * Math.Log2(hosts) * figures.NetworkMicroseconds * 1e-6);
        }

        // The loss, the buckets of the towers' gradients, and the replicated tables.
        double sums = 1 + GradientBuckets.CountFor(_denseParameters) + (replicated > 0 ? 1 : 0);
        return Crowded(copies + within) + (Math.Min(sums, MostSums) * Latency());
    }

    private double NetworkBytesPerSecond => _request.Machine.Exchange.NetworkGbitPerSecond * 1e9 / 8;

    private double Latency()
    {
        ExchangeFigures figures = _request.Machine.Exchange;
        double within = _request.RanksPerHost > 1 ? figures.CollectiveMicroseconds * Math.Ceiling(Math.Log2(_request.RanksPerHost)) : 0;
        double between = _request.Hosts > 1 ? figures.NetworkMicroseconds : 0;
        return 1e-6 * (Crowded(within) + between);
    }

    /// <summary>The slowest rank, or the host whose cores have most to do.</summary>
    private double Slowest(double[] work)
    {
        double slowest = 0;
        int perHost = _request.RanksPerHost;
        double threadsPerCore = (double)_request.Threads / _request.Machine.CoresPerHost;
        for (int host = 0; host < _request.Hosts; host++)
        {
            double sum = 0;
            for (int rank = host * perHost; rank < (host + 1) * perHost; rank++)
            {
                sum += work[rank];
                slowest = Math.Max(slowest, work[rank]);
            }

            slowest = Math.Max(slowest, sum * threadsPerCore);
        }

        return slowest;
    }

    /// <summary>The same for work that all ranks have.</summary>
    private double Crowded(double work) => work * CrowdingOf(_request);

    /// <summary>Threads of a host over its cores, 1 or more.</summary>
    internal static double CrowdingOf(PlanRequest request) =>
        Math.Max(1, (double)request.RanksPerHost * request.Threads / request.Machine.CoresPerHost);

    private TableCosts[] MakeTables()
    {
        TableLayout[] layouts = TableLayout.Of(_request.Model);
        MachineFigures machine = _request.Machine;
        TableUse[] uses = [.. layouts.Select((layout, table) => new TableUse(
            _request.Lookups[table], _request.Lookups[table].PerSample * _request.BatchSize, Dlrm.Kernels.StorageFormats.RowBytes(layout.Storage, layout.Dimension)))];
        int active = Math.Min(machine.CoresPerHost, _request.RanksPerHost * _request.Threads);
        double others = machine.CoresPerHost > machine.Threads
            ? Math.Clamp((active - machine.Threads) / (double)(machine.CoresPerHost - machine.Threads), 0, 1)
            : 0;
        double scale = (1 + ((machine.MemorySharing - 1) * others)) * machine.Threads / _request.Threads;
        double stream = _request.RanksPerHost * _fixedMemory;
        var workingSet = new WorkingSet(uses, stream, _request.Hosts);
        return [.. layouts.Select((layout, table) => new TableCosts(_request, layout, uses[table], workingSet, scale))];
    }
}

/// <summary>Seconds of a step by stage; exchanges as far as nothing hides them.</summary>
internal readonly record struct StageSeconds(
    double Bottom, double Gather, double Exchange, double InteractionTop, double Backward, double AllReduce, double Update);
