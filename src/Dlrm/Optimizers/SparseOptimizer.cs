using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>Updates the rows of tables that a batch looked up, each once with its summed gradient.</summary>
/// <remarks>
/// Rows that were not looked up keep their bits, and so does their state. Called by <see cref="EmbeddingTables"/>, which
/// sorts the lookups and divides the rows among the workers. To add one: a rule (<see cref="IUpdateRule"/>), a class as
/// <see cref="SparseAdagrad"/>, a line in <see cref="Optimizer"/>.
/// </remarks>
public abstract class SparseOptimizer : IDisposable
{
    /// <summary>Streams of <see cref="CounterKey"/> from here on are the tables' rounding.</summary>
    private const long RoundingStream = 1L << 32;

    private readonly Parameter[] _tables;
    private long _seed;
    private long _step;

    /// <summary>Takes charge of tables, which it does not own.</summary>
    /// <param name="name">The name on the command line.</param>
    /// <param name="tables">(E, D) each, or (E): the pooling weights of a table.</param>
    /// <exception cref="ArgumentException">A parameter has more dimensions.</exception>
    protected SparseOptimizer(string name, IReadOnlyList<Parameter> tables)
    {
        Name = name;
        _tables = [.. tables];
        foreach (Parameter table in tables)
        {
            if (table.Shape.Count > 2)
            {
                throw new ArgumentException($"{table.Name} has {table.Shape.Count} dimensions; a table has 2, its pooling weights 1.", nameof(tables));
            }
        }
    }

    /// <summary>The name on the command line.</summary>
    public string Name { get; }

    /// <summary>What a checkpoint must hold; empty for rules without memory.</summary>
    public virtual IReadOnlyList<OptimizerState> States => [];

    /// <summary>λ: λ·w is added to the gradient of each row that a batch looks up, once; 0 for none (<c>--embedding-l2</c>).</summary>
    /// <remarks>
    /// The gradient is that of the batch's mean loss, so one step on a row has the penalty λ/2·‖w‖², as PyTorch's weight
    /// decay has on the rows of that step; rows that are not looked up keep their bits.
    /// </remarks>
    public float EmbeddingL2 { get; internal set; }

    /// <summary>The number of each table in the whole model, where ranks share it; null where these are all.</summary>
    internal int[]? Numbers { get; set; }

    /// <summary>The tables in charge.</summary>
    public IReadOnlyList<Parameter> Tables => _tables;

    /// <summary>Gives the state's memory back.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Says what the rounding of the coming step draws from; of no effect on tables of floats.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">Updates done before.</param>
    internal void RoundWith(long seed, long step) => (_seed, _step) = (seed, step);

    /// <summary>What rounding a table draws from in this step.</summary>
    /// <param name="table">Number in <see cref="Tables"/>.</param>
    private protected CounterKey RoundingKey(int table)
    {
        CounterKey key = CounterKey.Of(_seed, _step, RoundingStream + (Numbers is { } numbers ? numbers[table] : table));
        return _tables[table].Region is { } region ? key.From(region.FirstRow) : key;
    }

    /// <summary>Called once before each step, on the calling thread.</summary>
    internal virtual void BeginStep()
    {
    }

    /// <summary>Updates the rows of a run of sorted lookups.</summary>
    /// <param name="table">Number in <see cref="Tables"/>.</param>
    /// <param name="lookups">All the lookups of each row that they name.</param>
    /// <param name="gradient">(B, D): of the pooled sums.</param>
    /// <param name="learningRate">Step size.</param>
    /// <param name="scratch">Working memory: 3·D floats from <paramref name="first"/> on.</param>
    /// <param name="first">The first float of it.</param>
    internal abstract void UpdateRows(
        int table, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first);

    /// <summary>Updates the rows of a run of sorted lookups and their pooling weights (<see cref="WeightedRowRule{TRow,TWeight}"/>).</summary>
    /// <param name="table">Number of the table in <see cref="Tables"/>.</param>
    /// <param name="weights">Number of its pooling weights there.</param>
    /// <param name="lookups">All the lookups of each row that they name.</param>
    /// <param name="gradient">(B, D): of the pooled sums.</param>
    /// <param name="learningRate">Step size.</param>
    /// <param name="scratch">Working memory: 3·D floats from <paramref name="first"/> on.</param>
    /// <param name="first">The first float of it.</param>
    internal abstract void UpdateWeightedRows(
        int table, int weights, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first);

    /// <summary>Gives the state's memory back.</summary>
    /// <param name="disposing">True: there is no finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
        foreach (OptimizerState state in States)
        {
            state.Value.Dispose();
        }
    }
}
