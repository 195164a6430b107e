using Dlrm.Model;

namespace Dlrm.Interop.Onnx;

/// <summary>Emits the pooling of one table's bags.</summary>
/// <remarks>
/// <para>
/// Bags are sums without a loop, and without differences of running sums, which lose digits: every looked-up row is
/// added to the row of its sample (ScatterElements with reduction add), in the order of lookups, as we do it ourselves.
/// The sample of lookup l is the number of offsets ≤ l, less one: a count at each offset, summed from the left, in
/// whole numbers. Equal offsets are empty bags: they count and get no lookup, so they stay 0.
/// </para>
/// </remarks>
internal sealed class OnnxBags
{
    private readonly OnnxGraph _graph;
    private readonly OnnxWeights _weights;
    private readonly string _batch;

    /// <summary>An emitter for the tables of one model.</summary>
    /// <param name="graph">Where to.</param>
    /// <param name="weights">The parameters.</param>
    /// <param name="batch">The number of samples, (1).</param>
    public OnnxBags(OnnxGraph graph, OnnxWeights weights, string batch)
    {
        _graph = graph;
        _weights = weights;
        _batch = batch;
    }

    /// <summary>The pooled vectors of a table, (B, D).</summary>
    /// <param name="table">Its make.</param>
    /// <param name="indices">(L), or (B) where every bag has one.</param>
    /// <param name="offsets">(B), the first lookup of each sample; null where every bag has one.</param>
    public string Pool(TableLayout table, string indices, string? offsets)
    {
        string name = $"emb_l.{table.Number}";
        Segments? segments = offsets is null ? null : FindSegments(name, indices, offsets, table.IsMean);
        string? weights = table.HasPoolingWeights ? PoolingWeights(table, indices) : null;
        if (table.QuotientRemainder is { } split)
        {
            string collisions = _graph.Integers(split.Collisions);
            string quotient = Bag(
                name + ".weight_q", _graph.Node("Div", name + "/quotients", [indices, collisions]), weights, segments, table.Dimension);
            string remainder = Bag(
                name + ".weight_r", _graph.Node("Mod", name + "/remainders", [indices, collisions]), weights, segments, table.Dimension);
            return split.Operation switch
            {
                "concat" => _graph.Node("Concat", name + "/pooled", [quotient, remainder], OnnxGraph.Attribute("axis", 1)),
                "add" => _graph.Node("Add", name + "/pooled", [quotient, remainder]),
                _ => _graph.Node("Mul", name + "/pooled", [quotient, remainder]),
            };
        }

        if (!table.IsMixedDimension)
        {
            return Bag(name + ".weight", indices, weights, segments, table.Dimension);
        }

        string narrow = Bag(name + ".embs.weight", indices, weights, segments, table.Dimension);
        return table.Dimension == table.PooledDimension
            ? narrow
            : _graph.Node(
                "Gemm",
                name + "/pooled",
                [narrow, _weights.Dense(name + ".proj.weight")],
                OnnxGraph.Attribute("transB", 1));
    }

    private string Bag(string weight, string indices, string? weights, Segments? segments, int dimension)
    {
        string rows = _weights.Rows(weight, indices);
        if (weights is not null)
        {
            rows = _graph.Node("Mul", weight + "/weighted", [rows, weights]);
        }

        if (segments is not { } at)
        {
            return rows;
        }

        string width = _graph.Integers(dimension);
        string shape = _graph.Node("Concat", weight + "/lookup_shape", [at.Lookups, width], OnnxGraph.Attribute("axis", 0));
        string samples = _graph.Node("Expand", weight + "/samples", [at.Samples, shape]);
        string sums = _graph.Node("Concat", weight + "/sum_shape", [_batch, width], OnnxGraph.Attribute("axis", 0));
        string zeros = _graph.Node("ConstantOfShape", weight + "/zeros", [sums]);
        string pooled = _graph.Node(
            "ScatterElements",
            weight + "/sums",
            [zeros, samples, rows],
            OnnxGraph.Attribute("axis", 0),
            OnnxGraph.Attribute("reduction", "add"));
        return at.Lengths is null ? pooled : _graph.Node("Div", weight + "/means", [pooled, at.Lengths]);
    }

    /// <summary>(L, 1): the weight of each lookup.</summary>
    private string PoolingWeights(TableLayout table, string indices)
    {
        string name = $"v_W_l.{table.Number}";
        string flat = _graph.Node("Gather", name + "/flat", [_weights.Dense(name), indices]);
        return _graph.Node("Unsqueeze", name + "/lookups", [flat, _graph.Integers(1)]);
    }

    private Segments FindSegments(string name, string indices, string offsets, bool isMean)
    {
        string lookups = _graph.Node("Shape", name + "/lookups", [indices]);
        string ends = _graph.Node("Add", name + "/places", [lookups, _graph.Integers(1)]);
        string places = _graph.Node("ConstantOfShape", name + "/no_starts", [ends], OnnxGraph.Filling(0));
        string ones = _graph.Node("ConstantOfShape", name + "/ones", [_batch], OnnxGraph.Filling(1));
        string starts = _graph.Node(
            "ScatterElements",
            name + "/starts",
            [places, offsets, ones],
            OnnxGraph.Attribute("axis", 0),
            OnnxGraph.Attribute("reduction", "add"));
        string counts = _graph.Node("CumSum", name + "/counts", [starts, _graph.Integer(0)]);
        string samples = _graph.Node("Sub", name + "/sample_places", [counts, _graph.Integers(1)]);
        string flat = _graph.Node("Slice", name + "/sample_of", [samples, _graph.Integers(0), lookups]);
        string column = _graph.Node("Unsqueeze", name + "/sample_column", [flat, _graph.Integers(1)]);
        return new Segments(lookups, column, isMean ? Lengths(name, lookups, flat) : null);
    }

    /// <summary>(B, 1): lookups of each bag, at least 1, as floats.</summary>
    private string Lengths(string name, string lookups, string samples)
    {
        string none = _graph.Node("ConstantOfShape", name + "/no_lengths", [_batch], OnnxGraph.Filling(0));
        string ones = _graph.Node("ConstantOfShape", name + "/lookup_ones", [lookups], OnnxGraph.Filling(1));
        string counts = _graph.Node(
            "ScatterElements", name + "/bag_counts", [none, samples, ones], OnnxGraph.Attribute("axis", 0), OnnxGraph.Attribute("reduction", "add"));
        string divisors = _graph.Node("Max", name + "/divisors", [counts, _graph.Integers(1)]);
        string floats = _graph.Node("Cast", name + "/lengths_flat", [divisors], OnnxGraph.Attribute("to", 1L));
        return _graph.Node("Unsqueeze", name + "/lengths", [floats, _graph.Integers(1)]);
    }

    /// <summary>Which sample each lookup belongs to.</summary>
    /// <param name="Lookups">L, (1).</param>
    /// <param name="Samples">(L, 1).</param>
    /// <param name="Lengths">(B, 1), what a mean divides by; null for sums.</param>
    private readonly record struct Segments(string Lookups, string Samples, string? Lengths);
}
