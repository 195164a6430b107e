using Dlrm.Layers;

namespace Dlrm.Optimizers;

/// <summary>What <c>--optimizer</c> names: a rule for the dense parameters and one for the tables, with their state.</summary>
public sealed class Optimizer : IDisposable
{
    // To add an optimizer: one line (whole copies of the parameters that its state takes; e: engine, p: dense parameters,
    // t: tables, o: options).
    private static readonly (string Name, int Copies, DenseFactory Dense, SparseFactory Sparse)[] Registered =
    [
        ("sgd", 0, (e, p, o) => o.Momentum > 0 ? new DenseMomentum(e, p, o) : new DenseSgd(e, p, o), (e, t, _) => new SparseSgd(e, t)),
        ("adagrad", 1, (e, p, o) => new DenseAdagrad(e, p, "adagrad", o), (e, t, _) => new SparseAdagrad(e, t)),
        ("rwsadagrad", 0, (e, p, o) => new DenseAdagrad(e, p, "rwsadagrad", o), (e, t, _) => new RowWiseAdagrad(e, t)),
        ("adam", 2, (e, p, o) => new DenseAdam(e, p, o), (e, t, _) => new LazyAdam(e, t)),
        ("ftrl", 2, (e, p, o) => new DenseFtrl(e, p, o), (e, t, o) => new SparseFtrl(e, t, o)),
    ];

    private Optimizer(string name, DenseOptimizer dense, SparseOptimizer sparse)
    {
        Name = name;
        Dense = dense;
        Sparse = sparse;
        States = [.. sparse.States, .. dense.States];
    }

    private delegate DenseOptimizer DenseFactory(Engine engine, IReadOnlyList<Parameter> parameters, OptimizerOptions options);

    private delegate SparseOptimizer SparseFactory(Engine engine, IReadOnlyList<Parameter> tables, OptimizerOptions options);

    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Registered.Select(entry => entry.Name)];

    /// <summary>The name on the command line.</summary>
    public string Name { get; }

    /// <summary>Updates the dense parameters.</summary>
    public DenseOptimizer Dense { get; }

    /// <summary>Updates the tables.</summary>
    public SparseOptimizer Sparse { get; }

    /// <summary>All that a checkpoint must hold: the tables' state, then the dense parameters'.</summary>
    public IReadOnlyList<OptimizerState> States { get; private set; }

    /// <summary>Makes the optimizer called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="dense">Parameters with a gradient.</param>
    /// <param name="tables">Parameters updated row by row: <see cref="EmbeddingTables.Parameters"/>, in that order.</param>
    /// <param name="options">What it takes besides; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// There is no such optimizer (the message lists the names), or an option is out of range.
    /// </exception>
    public static Optimizer Create(
        string name,
        Engine engine,
        IReadOnlyList<Parameter> dense,
        IReadOnlyList<Parameter> tables,
        OptimizerOptions? options = null)
    {
        options ??= new OptimizerOptions();
        options.Validate();
        (_, _, DenseFactory makeDense, SparseFactory makeSparse) = Find(name);
        SparseOptimizer sparse = makeSparse(engine, tables, options);
        sparse.EmbeddingL2 = options.EmbeddingL2;
        return new Optimizer(name, makeDense(engine, dense, options), sparse);
    }

    /// <summary>Whole copies of the parameters that an optimizer's state takes; what is kept by the row is not counted.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">There is no such optimizer; the message lists the names.</exception>
    internal static int StateCopies(string name) => Find(name).Copies;

    /// <summary>Adds what a checkpoint must hold besides; its owner gives its memory back.</summary>
    /// <param name="states">Under names of their own.</param>
    internal void Add(IReadOnlyList<OptimizerState> states) => States = [.. States, .. states];

    /// <summary>Gives the state's memory back.</summary>
    public void Dispose()
    {
        Dense.Dispose();
        Sparse.Dispose();
    }

    private static (string Name, int Copies, DenseFactory Dense, SparseFactory Sparse) Find(string name)
    {
        foreach (var entry in Registered)
        {
            if (entry.Name == name)
            {
                return entry;
            }
        }

        throw new ArgumentException($"There is no optimizer '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
    }
}
