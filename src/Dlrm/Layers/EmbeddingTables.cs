using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Optimizers;

namespace Dlrm.Layers;

/// <summary>All embedding tables of a model: they look up, pool, and are updated on all workers.</summary>
/// <remarks>
/// <para>
/// Letters: B samples, F features (the dense one, then one a table), D embedding_dim, L lookups of a table. Table t
/// writes and reads columns [(t + 1)·D, (t + 2)·D) of the feature matrix (B, F·D), which is what the interaction reads
/// and writes.
/// </para>
/// <para>
/// A training step calls <see cref="Validate"/>, <see cref="Forward"/>, <see cref="SortLookups"/> (any time before the
/// update: it needs no gradient) and <see cref="Update"/>. No gradient of a table's size exists: lookups are sorted by
/// row, the gradients of a row's lookups are added in sample order, and the row is updated once. How work is divided
/// among workers changes no order of additions, so no bit. Nothing is allocated once memory has grown to the largest
/// batch.
/// </para>
/// </remarks>
public sealed partial class EmbeddingTables : IDisposable
{
    private const int CacheLineFloats = 16;

    private readonly Engine _engine;
    private readonly EmbeddingTable[] _tables;
    private readonly EmbeddingTable[] _compound;
    private readonly LookupPart[] _parts;
    private readonly Parameter[] _parameters;
    private readonly Parameter[] _sparse;
    private readonly LookupSorter _sorter;
    private readonly NativeBuffer<float> _scratch;
    private readonly int _scratchStride;
    private readonly int[] _rows;
    private readonly int[] _positions;
    private readonly TableColumns[] _columns;
    private readonly int _width;
    private readonly int _gradientWidth;
    private readonly int _firstParameter;
    private int _sortedSize = -1;

    /// <summary>Zeroed full tables.</summary>
    /// <param name="engine">What to compute with, from now on.</param>
    /// <param name="rows">E of each table, 1 or more tables.</param>
    /// <param name="dimension">D of all.</param>
    /// <exception cref="ArgumentOutOfRangeException">No table, or a number below 1.</exception>
    public EmbeddingTables(Engine engine, IReadOnlyList<int> rows, int dimension)
        : this(engine, [.. rows.Select((count, number) => (EmbeddingTable)new FullEmbeddingTable(number, count, dimension))])
    {
    }

    /// <summary>Tables of any kind.</summary>
    /// <param name="engine">What to compute with, from now on.</param>
    /// <param name="tables">One or more, numbered from 0, of one dimension; owned from now on.</param>
    /// <exception cref="ArgumentOutOfRangeException">No table.</exception>
    /// <exception cref="ArgumentException">Their numbers or dimensions are not as they must be.</exception>
    public EmbeddingTables(Engine engine, IReadOnlyList<EmbeddingTable> tables)
        : this(engine, tables, TableColumns.SideBySide(tables), firstParameter: 0)
    {
    }

    /// <summary>Some of a model's tables, or parts of them: batches have lookups for all tables, of which these take theirs.</summary>
    /// <param name="engine">What to compute with, from now on.</param>
    /// <param name="tables">None or more, by rising number; owned from now on.</param>
    /// <param name="columns">Where each finds its pooled vectors and their gradients.</param>
    /// <param name="firstParameter">The number of the first sparse parameter among those of the optimizer.</param>
    internal EmbeddingTables(Engine engine, IReadOnlyList<EmbeddingTable> tables, TableColumns[] columns, int firstParameter)
    {
        _engine = engine;
        _tables = [.. tables];
        _columns = columns;
        _width = columns.Length == 0 ? 0 : columns.Max(column => column.First + column.Count);
        _gradientWidth = columns.Length == 0 ? 0 : columns.Max(column => column.FirstGradient + column.Gradients);
        _firstParameter = firstParameter;
        _rows = [.. tables.Select(table => table.Rows)];
        _positions = new int[tables.Count == 0 ? 0 : tables.Max(table => table.Number) + 1];
        for (int position = 0; position < _tables.Length; position++)
        {
            _positions[_tables[position].Number] = position;
        }

        _compound = [.. _tables.Where(table => table.IsCompound)];
        _parts = [.. _tables.SelectMany(table => table.Parts)];
        _parameters =
        [
            .. _tables.SelectMany(table => table.Parameters),
            .. _tables.Select(table => table.PoolingWeight).OfType<Parameter>(),
        ];
        _sparse = [.. _parameters.Where(parameter => parameter.Gradient is null)];
        int first = firstParameter;
        foreach (EmbeddingTable table in _tables)
        {
            table.FirstParameter = first;
            first += table.Parameters.Count(parameter => parameter.Gradient is null);
            table.PoolingParameter = table.PoolingWeight is { } weight ? firstParameter + Array.IndexOf(_sparse, weight) : -1;
        }

        _sorter = new LookupSorter(_parts, engine.Team.Workers);
        int widest = columns.Length == 0 ? 0 : columns.Max(column => Math.Max(column.Count, column.Gradients));
        _scratchStride = ((3 * widest) + CacheLineFloats - 1) / CacheLineFloats * CacheLineFloats;
        _scratch = new NativeBuffer<float>((long)_scratchStride * engine.Team.Workers);
    }

    /// <summary>The tables, in order.</summary>
    public IReadOnlyList<EmbeddingTable> Tables => _tables;

    /// <summary>D; of the first table, where tables are parts.</summary>
    public int Dimension => _tables[0].Dimension;

    /// <summary>What is trained, table by table; then the pooling weights of the tables that have them.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Those of <see cref="Parameters"/> that are updated row by row: what the optimizer is made for.</summary>
    public IReadOnlyList<Parameter> SparseParameters => _sparse;

    /// <summary>Those of <see cref="Parameters"/> with a gradient for every element, which <see cref="Backward"/> computes.</summary>
    public IReadOnlyList<Parameter> DenseParameters => [.. _parameters.Where(parameter => parameter.Gradient is not null)];

    /// <summary>True when a table is more than a sum of rows: it keeps things from its forward pass to the update.</summary>
    internal bool HasCompound => _compound.Length > 0;

    /// <summary>True where these are not all tables of the model.</summary>
    internal bool IsPartial { get; init; }

    /// <summary>Sees every row before it changes, while a checkpoint is being written; else null, which costs a branch a step.</summary>
    internal TableSnapshot? Snapshot { get; set; }

    /// <summary>
    /// Checks that every offset ascends from 0 and every index lies in its table. Call it once a batch, before
    /// <see cref="Forward"/>, <see cref="SortLookups"/> and <see cref="Update"/>: they trust the batch.
    /// </summary>
    /// <param name="batch">A batch with as many tables.</param>
    /// <exception cref="ArgumentException">The batch has another number of tables.</exception>
    /// <exception cref="LookupException">The first lookup (by table, then sample) that cannot be used.</exception>
    public void Validate(Batch batch)
    {
        if (batch.Tables != _tables.Length)
        {
            throw new ArgumentException(
                $"The batch has lookups for {batch.Tables} tables; the model has {_tables.Length}.", nameof(batch));
        }

        var check = new LookupCheck(_rows, batch);
        check.Run(_engine.Team);
    }

    /// <summary>Sums the rows of every bag into the feature matrix; an empty bag gives zeros.</summary>
    /// <param name="batch">A validated batch of B samples.</param>
    /// <param name="features">(B or more, F·D): columns from D on of the first B rows are written.</param>
    /// <exception cref="ArgumentException">The matrix has another width, or too few rows.</exception>
    public void Forward(Batch batch, MatrixView features)
    {
        Check(batch.Size, features, _width, nameof(features));
        foreach (EmbeddingTable table in _compound)
        {
            table.Reserve(batch.Size, batch.LookupCount(table.Number));
        }

        var work = new ForwardWork
        {
            Tables = _tables,
            Columns = _columns,
            Kernel = EmbeddingBag.For(_engine.InstructionSet),
            Batch = batch,
            Features = features,
            Profiler = _engine.Profiler,
        };
        _engine.Team.Run(ref work);
    }

    /// <summary>
    /// Takes the gradient inside the tables that are more than a sum of rows, and computes that of their dense
    /// parameters; to be called after <see cref="Forward"/> and before any update.
    /// </summary>
    /// <param name="featureGradient">(B or more, F·D): columns from D on of the first B rows are read.</param>
    /// <param name="samples">B of the last <see cref="Forward"/>.</param>
    /// <exception cref="ArgumentException">The matrix has another width, or too few rows.</exception>
    public void Backward(MatrixView featureGradient, int samples)
    {
        Check(samples, featureGradient, _gradientWidth, nameof(featureGradient));
        if (_compound.Length > 0)
        {
            var work = new BackwardWork { Owner = this, Tables = _compound, Gradient = featureGradient, Samples = samples };
            _engine.Team.Run(ref work);
        }
    }

    /// <summary>Sorts the lookups of a batch for <see cref="Update"/>. The batch may be refilled afterwards.</summary>
    /// <param name="batch">A validated batch; the one that <see cref="Forward"/> pooled last, where a table is more than a sum of rows.</param>
    public void SortLookups(Batch batch)
    {
        _sorter.Sort(_engine.Team, batch);
        _engine.Profiler?.EndLayer("sort lookups");
        _sortedSize = batch.Size;
    }

    /// <summary>Takes one optimizer step on every row that the batch sorted last looked up.</summary>
    /// <param name="featureGradient">(B or more, F·D): columns from D on of the first B rows are read.</param>
    /// <param name="optimizer">Made for <see cref="SparseParameters"/>.</param>
    /// <param name="learningRate">Step size.</param>
    /// <exception cref="ArgumentException">The matrix has another width or too few rows, or the optimizer is for other tables.</exception>
    /// <exception cref="InvalidOperationException">No lookups have been sorted.</exception>
    public void Update(MatrixView featureGradient, SparseOptimizer optimizer, float learningRate) =>
        UpdateFrom(featureGradient, isCommon: false, optimizer, learningRate, beginsStep: true);

    /// <summary>The same, where the gradient may be in other columns.</summary>
    /// <param name="gradient">(B or more, columns).</param>
    /// <param name="isCommon">All tables, which have one dimension, find their gradients in the first columns.</param>
    /// <param name="optimizer">Made for <see cref="SparseParameters"/>, and perhaps others.</param>
    /// <param name="learningRate">Step size.</param>
    /// <param name="beginsStep">False where other tables began it.</param>
    internal void UpdateFrom(MatrixView gradient, bool isCommon, SparseOptimizer optimizer, float learningRate, bool beginsStep)
    {
        if (_sortedSize < 0)
        {
            throw new InvalidOperationException($"Call {nameof(SortLookups)} before {nameof(Update)}.");
        }

        Check(_sortedSize, gradient, isCommon ? gradient.Columns : _gradientWidth, nameof(gradient));
        if (optimizer.Tables.Count < _firstParameter + _sparse.Length
            || (_sparse.Length > 0 && optimizer.Tables[_firstParameter] != _sparse[0])
            || (!IsPartial && optimizer.Tables.Count != _sparse.Length))
        {
            throw new ArgumentException("The optimizer was made for other tables.", nameof(optimizer));
        }

        if (beginsStep)
        {
            optimizer.BeginStep();
        }

        var work = new UpdateWork
        {
            Owner = this,
            Gradient = gradient,
            IsCommon = isCommon,
            Optimizer = optimizer,
            LearningRate = learningRate,
        };
        if (Snapshot is { } snapshot)
        {
            lock (snapshot.Gate)
            {
                _engine.Team.Run(ref work);
            }
        }
        else
        {
            _engine.Team.Run(ref work);
        }
    }

    /// <summary>Numbers, among <see cref="SparseParameters"/>, of those whose changes a <see cref="Snapshot"/> sees.</summary>
    internal IReadOnlySet<int> SnapshotParameters()
    {
        var seen = new HashSet<int>();
        foreach (LookupPart part in _parts)
        {
            EmbeddingTable table = _tables[_positions[part.Table]];
            (int rows, int weights) = table.ChangedBy(part.Number);
            seen.Add(rows);
            if (weights >= 0)
            {
                seen.Add(weights);
            }
        }

        return seen;
    }

    /// <summary><see cref="Backward"/>, <see cref="SortLookups"/> and <see cref="Update"/>.</summary>
    /// <param name="batch">A validated batch.</param>
    /// <param name="featureGradient">As in <see cref="Update"/>.</param>
    /// <param name="optimizer">As in <see cref="Update"/>.</param>
    /// <param name="learningRate">Step size.</param>
    public void BackwardAndUpdate(Batch batch, MatrixView featureGradient, SparseOptimizer optimizer, float learningRate)
    {
        Backward(featureGradient, batch.Size);
        SortLookups(batch);
        Update(featureGradient, optimizer, learningRate);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        foreach (EmbeddingTable table in _tables)
        {
            table.Dispose();
        }

        _sorter.Dispose();
        _scratch.Dispose();
    }

    private void Check(int samples, MatrixView features, int width, string name)
    {
        if ((features.Columns != width && !IsPartial) || features.Columns < width || features.Rows < samples)
        {
            throw new ArgumentException(
                $"A {features.Rows} × {features.Columns} matrix; {samples} samples of {_tables.Length} tables' features need "
                + $"{samples} × {width}.",
                name);
        }
    }
}
