using Dlrm.Layers;

namespace Dlrm.Optimizers;

/// <summary>What <c>--optimizer</c> names: a rule for the dense parameters and one for the tables, with their state.</summary>
public sealed class Optimizer : IDisposable
{
    // To add an optimizer: one line (e: engine, p: dense parameters, t: tables).
    private static readonly (string Name, DenseFactory Dense, SparseFactory Sparse)[] Registered =
    [
        ("sgd", (e, p) => new DenseSgd(e, p), (e, t) => new SparseSgd(e, t)),
        ("adagrad", (e, p) => new DenseAdagrad(e, p), (e, t) => new SparseAdagrad(e, t)),
        ("rwsadagrad", (e, p) => new DenseAdagrad(e, p, "rwsadagrad"), (e, t) => new RowWiseAdagrad(e, t)),
    ];

    private Optimizer(string name, DenseOptimizer dense, SparseOptimizer sparse)
    {
        Name = name;
        Dense = dense;
        Sparse = sparse;
        States = [.. sparse.States, .. dense.States];
    }

    private delegate DenseOptimizer DenseFactory(Engine engine, IReadOnlyList<Parameter> parameters);

    private delegate SparseOptimizer SparseFactory(Engine engine, IReadOnlyList<Parameter> tables);

    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Registered.Select(entry => entry.Name)];

    /// <summary>The name on the command line.</summary>
    public string Name { get; }

    /// <summary>Updates the dense parameters.</summary>
    public DenseOptimizer Dense { get; }

    /// <summary>Updates the tables.</summary>
    public SparseOptimizer Sparse { get; }

    /// <summary>All that a checkpoint must hold: the tables' state, then the dense parameters'.</summary>
    public IReadOnlyList<OptimizerState> States { get; }

    /// <summary>Makes the optimizer called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="dense">Parameters with a gradient.</param>
    /// <param name="tables">Parameters updated row by row: <see cref="EmbeddingTables.Parameters"/>, in that order.</param>
    /// <exception cref="ArgumentException">There is no such optimizer; the message lists the names.</exception>
    public static Optimizer Create(string name, Engine engine, IReadOnlyList<Parameter> dense, IReadOnlyList<Parameter> tables)
    {
        foreach ((string known, DenseFactory makeDense, SparseFactory makeSparse) in Registered)
        {
            if (known == name)
            {
                return new Optimizer(name, makeDense(engine, dense), makeSparse(engine, tables));
            }
        }

        throw new ArgumentException($"There is no optimizer '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
    }

    /// <summary>Gives the state's memory back.</summary>
    public void Dispose()
    {
        Dense.Dispose();
        Sparse.Dispose();
    }
}
