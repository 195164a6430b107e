using Dlrm.Model;

namespace Dlrm.Distributed.Planning;

/// <summary>The ways to divide one table, and what each costs.</summary>
internal sealed class TableCosts
{
    private const int FewestColumns = 4; // 16 bytes of a row: less is all overhead

    private const double MostReplicated = 1 << 26; // elements: sums of more would never pay

    private readonly PlanRequest _request;
    private readonly TableLayout _layout;
    private readonly TableUse _use;
    private readonly WorkingSet _workingSet;
    private readonly double _stateBytes;
    private readonly double _stateCopies;
    private readonly double _scale;
    private readonly Dictionary<double, (double Read, double Written)> _rowTimes = [];

    /// <summary>A table of a request.</summary>
    /// <param name="request">The model and the machine.</param>
    /// <param name="layout">The table.</param>
    /// <param name="use">How a step looks it up.</param>
    /// <param name="workingSet">Of all tables.</param>
    /// <param name="memoryScale">How much longer random rows take than the machine figures say: threads, and ranks that share memory.</param>
    public TableCosts(PlanRequest request, TableLayout layout, TableUse use, WorkingSet workingSet, double memoryScale)
    {
        _request = request;
        _layout = layout;
        _use = use;
        _workingSet = workingSet;
        _scale = memoryScale;
        _stateCopies = Optimizers.Optimizer.StateCopies(request.Optimizer);
        _stateBytes = request.Optimizer == "rwsadagrad" ? sizeof(float) : 0;
        Rows = (double)StoredRows(layout);
    }

    /// <summary>Rows that are kept: fewer than E where a table is split into quotient and remainder.</summary>
    public double Rows { get; }

    /// <summary>Bytes of a row with its optimizer's state.</summary>
    public double RowBytes => (_use.RowBytes * (1 + (_stateCopies * StateRatio))) + _stateBytes;

    /// <summary>Whether rows can lie on several ranks.</summary>
    public bool IsDivisible => Allows(_layout, _request.Optimizer, TableSharding.RowBlock) && _layout.Rows > 1;

    /// <summary>State is kept in single precision whatever the rows are kept in.</summary>
    private double StateRatio => _layout.Dimension * sizeof(float) / _use.RowBytes;

    /// <summary>Whether the engine keeps such a table so, and at no higher price.</summary>
    public static bool Allows(TableLayout layout, string optimizer, TableSharding sharding) =>
        DistributedRules.Refusal(layout, sharding, optimizer, rule: null) is null

        // One number of state for a whole row: its gradient would have to go to every rank that has some columns.
        && !(sharding == TableSharding.Column && optimizer == "rwsadagrad");

    /// <summary>All ways that make sense on some number of ranks, whole first.</summary>
    public IReadOnlyList<ShardChoice> Choices()
    {
        var choices = new List<ShardChoice> { Whole() };
        if (_request.Ranks == 1)
        {
            return choices;
        }

        if (Allows(_layout, _request.Optimizer, TableSharding.Replicated) && Rows * _layout.Dimension < MostReplicated)
        {
            choices.Add(Replicated());
        }

        foreach (int parts in PartCounts())
        {
            if (IsDivisible && parts <= _layout.Rows)
            {
                if (Allows(_layout, _request.Optimizer, TableSharding.RowHash))
                {
                    choices.Add(RowHash(parts));
                }

                choices.Add(RowBlock(EqualRows(parts)));
                if (EqualLoad(parts) is { } bounds)
                {
                    choices.Add(RowBlock(bounds));
                }
            }

            if (_layout.Dimension / parts >= FewestColumns && Allows(_layout, _request.Optimizer, TableSharding.Column))
            {
                choices.Add(Column([.. Enumerable.Range(0, parts + 1).Select(i => (long)_layout.Dimension * i / parts)]));
            }
        }

        return choices;
    }

    /// <summary>On one rank.</summary>
    public ShardChoice Whole() => new(TableSharding.Table, [], [Part(1, 1, Rows, _request.BatchSize)]);

    /// <summary>Blocks of rows.</summary>
    /// <param name="bounds">Ascending, from 0 to E.</param>
    public ShardChoice RowBlock(long[] bounds) => new(
        TableSharding.RowBlock,
        bounds,
        [.. bounds.Zip(bounds.Skip(1)).Select(block => Part(
            _use.Lookups.ShareBefore(block.Second) - _use.Lookups.ShareBefore(block.First), 1, block.Second - block.First, _request.BatchSize))]);

    /// <summary>What a placement of a plan comes to.</summary>
    public ShardChoice ChoiceOf(TablePlacement placement) => placement.Sharding switch
    {
        TableSharding.Table => Whole(),
        TableSharding.Replicated => Replicated(),
        TableSharding.RowHash => RowHash(placement.Ranks.Count),
        TableSharding.RowBlock => RowBlock([.. placement.Bounds]),
        _ => Column([.. placement.Bounds]),
    };

    /// <summary>Bytes of a pooled vector of each of a rank's samples, as received.</summary>
    public double ReceivedBytes => (double)sizeof(float) * _layout.PooledDimension * _request.MostSamples;

    /// <summary>Bytes of the buffers that a part needs beside its rows, at most.</summary>
    public double PartBuffers => Buffers(_layout.PooledDimension, _use.PerStep);

    private static long StoredRows(TableLayout layout) => (layout.ParameterCount / layout.Dimension) switch
    {
        var rows when layout.QuotientRemainder is not null => rows,
        _ => layout.Rows,
    };

    /// <summary>2, 3, 4, 6, 8, 12, … and all ranks.</summary>
    private IEnumerable<int> PartCounts()
    {
        for (int parts = 2; parts < _request.Ranks; parts = int.IsPow2(parts) && parts > 2 ? parts * 3 / 2 : parts == 2 ? 3 : parts * 4 / 3)
        {
            yield return parts;
        }

        yield return _request.Ranks;
    }

    private ShardChoice Replicated()
    {
        // Each rank sums up its own samples' lookups in a matrix of all rows; every rank then updates the rows that any touched.
        PartCost own = Part(1.0 / _request.Ranks, 1, Rows, (double)_request.BatchSize / _request.Ranks);
        StageCosts prices = _request.Machine.Stages;
        double elements = Rows * _layout.Dimension;
        double touched = _use.Lookups.Distinct(_use.PerStep);
        double step = CostTerms.Seconds(UpdateUnits(RowTimes(1).Written, touched, _layout.Dimension, Rows), prices.Update);
        double update = own.Update + (_scale * (step + (1e-9 * 2 * elements * prices.DenseUpdate[0])));
        return new ShardChoice(
            TableSharding.Replicated,
            [],
            [own with { Update = update, Columns = 0, Memory = own.Memory + (elements * sizeof(float)) }],
            elements);
    }

    /// <summary>Rows dealt out evenly; whichever part has the most used row has its lookups beside its share of the others.</summary>
    private ShardChoice RowHash(int parts)
    {
        double even = (1 - _use.Lookups.TopShare) / parts;
        PartCost first = Part(even + _use.Lookups.TopShare, 1, Rows / parts, _request.BatchSize);
        PartCost other = Part(even, 1, Rows / parts, _request.BatchSize);
        return new ShardChoice(TableSharding.RowHash, [], [first, .. Enumerable.Repeat(other, parts - 1)]);
    }

    private ShardChoice Column(long[] bounds) => new(
        TableSharding.Column,
        bounds,
        [.. bounds.Zip(bounds.Skip(1)).Select(range => Part(
            1, (double)(range.Second - range.First) / _layout.Dimension, Rows, _request.BatchSize))]);

    private long[] EqualRows(int parts) => [.. Enumerable.Range(0, parts + 1).Select(i => (long)_layout.Rows * i / parts)];

    /// <summary>Bounds between which the lookups are alike; null where a block would have no row, or they are those of equal rows.</summary>
    private long[]? EqualLoad(int parts)
    {
        long[] bounds = [.. Enumerable.Range(0, parts + 1).Select(i => _use.Lookups.RowAt((double)i / parts))];
        bounds[0] = 0;
        bounds[^1] = _layout.Rows;
        for (int i = 1; i < parts; i++)
        {
            bounds[i] = Math.Max(bounds[i], bounds[i - 1] + 1);
        }

        return bounds[parts - 1] < _layout.Rows && !bounds.SequenceEqual(EqualRows(parts)) ? bounds : null;
    }

    /// <summary>A share of the lookups, a share of the columns, some of the rows, so many bags.</summary>
    private PartCost Part(double lookupShare, double columnShare, double rows, double bags)
    {
        StageCosts prices = _request.Machine.Stages;
        double lookups = _use.PerStep * lookupShare;
        (double read, double written) = RowTimes(columnShare);
        read *= lookupShare;
        written *= lookupShare;
        double gather = CostTerms.Seconds([lookups, bags], prices.Validate) + CostTerms.Seconds([read, lookups, bags], prices.Gather);
        double update = CostTerms.Seconds(UpdateUnits(written, lookups, _layout.Dimension * columnShare, rows), prices.Update);
        double columns = _layout.PooledDimension * columnShare;
        return new PartCost(
            gather * _scale, update * _scale, columns, lookups, (rows * RowBytes * columnShare) + Buffers(columns, lookups));
    }

    /// <summary>Nanoseconds of the probe to read a step's rows, and to write the different ones, or some columns of them.</summary>
    private (double Read, double Written) RowTimes(double columnShare)
    {
        if (!_rowTimes.TryGetValue(columnShare, out (double Read, double Written) times))
        {
            RowSpeeds speeds = _request.Machine.Rows;
            times = (
                _workingSet.Gather(_use, _use.RowBytes * columnShare, speeds), _workingSet.Update(_use, RowBytes * columnShare, speeds));
            _rowTimes[columnShare] = times;
        }

        return times;
    }

    /// <summary>Units of <see cref="StageCosts.Update"/>.</summary>
    /// <param name="written">Nanoseconds of the probe for the different rows.</param>
    /// <param name="lookups">Of a step.</param>
    /// <param name="dimension">Elements of a row.</param>
    /// <param name="rows">Rows of the table.</param>
    internal static double[] UpdateUnits(double written, double lookups, double dimension, double rows) =>
        [written, lookups, lookups * dimension, lookups * Math.Ceiling(Math.Max(1, Math.Log2(rows)) / 8), 1];

    /// <summary>Pooled vectors and their gradients for the whole batch, and lookups with what sorts them.</summary>
    private double Buffers(double columns, double lookups) =>
        (_request.Ranks == 1 ? 0 : 2.0 * sizeof(float) * columns * _request.BatchSize) + (5 * sizeof(int) * lookups);
}
