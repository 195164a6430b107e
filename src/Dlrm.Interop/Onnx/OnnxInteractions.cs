using Dlrm.Model;

namespace Dlrm.Interop.Onnx;

/// <summary>Emits the interaction of features; a new one is a case here.</summary>
internal sealed class OnnxInteractions(OnnxGraph graph, DlrmConfig config, OnnxWeights weights)
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
        "dcn" => Cross(x, pooled),
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

    /// <summary>x of all features, then layers x = x₀ ⊙ (x · Vᵀ · Wᵀ + b) + x.</summary>
    private string Cross(string x, string[] pooled)
    {
        string first = graph.Node("Concat", "features_wide", [x, .. pooled], OnnxGraph.Attribute("axis", 1));
        string at = first;
        for (int layer = 0; layer < (config.Cross ?? new CrossOptions()).Layers; layer++)
        {
            string name = $"inter.{layer}";
            string narrow = graph.Node("Gemm", name + "/narrow", [at, weights.Dense($"inter.V_kernels.{layer}")], OnnxGraph.Attribute("transB", 1));
            string factor = graph.Node(
                "Gemm",
                name + "/factor",
                [narrow, weights.Dense($"inter.W_kernels.{layer}"), weights.Dense($"inter.bias.{layer}")],
                OnnxGraph.Attribute("transB", 1));
            at = graph.Node("Add", name, [graph.Node("Mul", name + "/product", [first, factor]), at]);
        }

        return at;
    }

    /// <summary>(B, n, D) of n vectors (B, D).</summary>
    private string Stack(string name, string[] vectors)
    {
        string wide = graph.Node("Concat", name + "_wide", vectors, OnnxGraph.Attribute("axis", 1));
        return graph.Node("Reshape", name, [wide, graph.Integers(-1, vectors.Length, config.FeatureDimension)]);
    }
}
