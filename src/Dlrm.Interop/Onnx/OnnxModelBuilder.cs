using Dlrm.Layers;
using Dlrm.Model;
using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>How a client hands over categorical features.</summary>
public enum OnnxInputs
{
    /// <summary>As the reference does: <c>offsets_i</c> (B) and <c>indices_i</c> (L) for table i, bags of any length.</summary>
    Bags,

    /// <summary><c>sparse_x</c> (B, T): one index a table.</summary>
    OneHot,
}

/// <summary>Builds the graph of a model: inputs <c>dense_x</c> and the lookups, output <c>pred</c> (B, 1), any B.</summary>
internal sealed class OnnxModelBuilder
{
    private const TensorProto.Types.DataType Float = TensorProto.Types.DataType.Float;
    private const TensorProto.Types.DataType Int64 = TensorProto.Types.DataType.Int64;

    private readonly DlrmConfig _config;
    private readonly OnnxGraph _graph = new();
    private readonly OnnxWeights _weights;

    private OnnxModelBuilder(DlrmConfig config, Func<string, Parameter> parameters)
    {
        _config = config;
        _weights = new OnnxWeights(_graph, parameters);
    }

    /// <summary>Builds the graph.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="parameters">The parameters by name.</param>
    /// <param name="inputs">How lookups come in.</param>
    /// <param name="preprocessing">Takes raw values in their place; null for none.</param>
    public static OnnxGraph Build(
        DlrmConfig config, Func<string, Parameter> parameters, OnnxInputs inputs, OnnxPreprocessing? preprocessing)
    {
        var builder = new OnnxModelBuilder(config, parameters);
        builder.Build(inputs, preprocessing);
        return builder._graph;
    }

    private void Build(OnnxInputs inputs, OnnxPreprocessing? preprocessing)
    {
        OnnxRawInputs? raw = preprocessing is null ? null : new OnnxRawInputs(_graph, preprocessing);
        string dense = raw?.Dense() ?? _graph.Input("dense_x", Float, "batch_size", _config.DenseFeatures);
        (string Indices, string? Offsets)[] lookups = raw is not null ? [.. raw.Indices().Select(name => (name, (string?)null))]
            : inputs == OnnxInputs.OneHot ? OneHotInputs() : BagInputs();
        string batch = _graph.Node("Shape", "batch", [dense], OnnxGraph.Attribute("start", 0), OnnxGraph.Attribute("end", 1));
        var towers = new OnnxTowers(_graph, _config, _weights);
        string x = towers.Bottom(dense);
        var bags = new OnnxBags(_graph, _weights, batch);
        string[] pooled = [.. TableLayout.Of(_config).Select(table => bags.Pool(table, lookups[table.Number].Indices, lookups[table.Number].Offsets))];
        string interacted = new OnnxInteractions(_graph, _config, _weights).Emit(x, pooled);
        string logit = towers.Top(interacted);
        float threshold = _config.LossThreshold;
        bool clamps = threshold is > 0 and < 1;
        string probability = _graph.Node("Sigmoid", clamps ? "probability" : "pred", [logit]);
        if (clamps)
        {
            _graph.Node("Clip", "pred", [probability, _graph.Scalar(threshold), _graph.Scalar((float)(1.0 - threshold))]);
        }

        _graph.Output("pred", Float, "batch_size", 1);
    }

    private (string Indices, string? Offsets)[] BagInputs()
    {
        int tables = _config.TableRows.Count;
        string[] offsets = [.. Enumerable.Range(0, tables).Select(table => _graph.Input($"offsets_{table}", Int64, "batch_size"))];
        return [.. offsets.Select((name, table) => (_graph.Input($"indices_{table}", Int64, $"lookups_{table}"), (string?)name))];
    }

    private (string Indices, string? Offsets)[] OneHotInputs()
    {
        int tables = _config.TableRows.Count;
        string sparse = _graph.Input("sparse_x", Int64, "batch_size", tables);
        return
        [
            .. Enumerable.Range(0, tables).Select(table => (
                _graph.Node("Gather", $"indices_{table}", [sparse, _graph.Integer(table)], OnnxGraph.Attribute("axis", 1)), (string?)null)),
        ];
    }
}
