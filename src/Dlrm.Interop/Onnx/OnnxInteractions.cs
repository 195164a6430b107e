using Dlrm.Model;

namespace Dlrm.Interop.Onnx;

/// <summary>Emits the interaction of features; a new one is a case here.</summary>
internal sealed class OnnxInteractions(OnnxGraph graph, DlrmConfig config)
{
    private const string Output = "interaction";

    /// <summary>What the top tower takes, (B, W).</summary>
    /// <param name="x">The bottom tower's output, (B, D).</param>
    /// <param name="pooled">The tables' vectors, (B, D) each.</param>
    /// <exception cref="NotSupportedException">There is no way to say it in ONNX yet.</exception>
    public string Emit(string x, string[] pooled) => config.Interaction switch
    {
        "dot" => Dot(x, pooled),
        "dot-dense" => DotDense(x, pooled),
        "cat" => graph.Node("Concat", Output, [x, .. pooled], OnnxGraph.Attribute("axis", 1)),
        "sum" => graph.Node("Concat", Output, [x, graph.Node("Sum", "embedding_sum", pooled)], OnnxGraph.Attribute("axis", 1)),
        var other => throw new NotSupportedException($"The interaction {other} cannot be exported to ONNX."),
    };

    /// <summary>x, then T[i] · T[j] for i ascending and j &lt; i (or ≤).</summary>
    private string Dot(string x, string[] pooled)
    {
        int features = config.Features;
        string stacked = Stack("features", [x, .. pooled]);
        string transposed = graph.Node("Transpose", "features_transposed", [stacked], OnnxGraph.Attribute("perm", 0L, 2L, 1L));
        string products = graph.Node("MatMul", "products", [stacked, transposed]);
        string flat = graph.Node("Reshape", "products_flat", [products, graph.Integers(-1, (long)features * features)]);
        var pairs = new List<long>();
        for (int i = 0; i < features; i++)
        {
            for (int j = 0; j < (config.InteractionItself ? i + 1 : i); j++)
            {
                pairs.Add(((long)i * features) + j);
            }
        }

        string chosen = graph.Node("Gather", "pairs", [flat, graph.Integers([.. pairs])], OnnxGraph.Attribute("axis", 1));
        return graph.Node("Concat", Output, [x, chosen], OnnxGraph.Attribute("axis", 1));
    }

    /// <summary>x, then x · T[i].</summary>
    private string DotDense(string x, string[] pooled)
    {
        string stacked = Stack("embeddings", pooled);
        string column = graph.Node("Unsqueeze", "dense_column", [x, graph.Integers(2)]);
        string products = graph.Node("MatMul", "products", [stacked, column]);
        string flat = graph.Node("Squeeze", "products_flat", [products, graph.Integers(2)]);
        return graph.Node("Concat", Output, [x, flat], OnnxGraph.Attribute("axis", 1));
    }

    /// <summary>(B, n, D) of n vectors (B, D).</summary>
    private string Stack(string name, string[] vectors)
    {
        string wide = graph.Node("Concat", name + "_wide", vectors, OnnxGraph.Attribute("axis", 1));
        return graph.Node("Reshape", name, [wide, graph.Integers(-1, vectors.Length, config.FeatureDimension)]);
    }
}
