using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Interop.Onnx;

/// <summary>Emits the towers.</summary>
internal sealed class OnnxTowers(OnnxGraph graph, DlrmConfig config, OnnxWeights weights)
{
    private const float Epsilon = 1e-5f; // Of both normalizations.

    private static readonly string[] BatchParameters = ["weight", "bias", "running_mean", "running_var"];

    private readonly TowerOptions _options = config.Tower ?? new TowerOptions();
    private readonly OnnxInt8Layers _bytes = new(graph, weights);

    /// <summary>The bottom tower's output, (B, D): an activation follows its last layer too.</summary>
    public string Bottom(string dense) => Tower("bot_l", dense, config.BottomMlp.Count - 1, lastIsActivated: true);

    /// <summary>The logit, (B, 1).</summary>
    public string Top(string interacted) => Tower("top_l", interacted, config.TopMlp.Count, lastIsActivated: false);

    private string Tower(string prefix, string x, int layers, bool lastIsActivated)
    {
        for (int layer = 0; layer < layers; layer++)
        {
            string name = $"{prefix}.{2 * layer}";
            x = weights.StorageOf(name + ".weight") == StorageFormat.Int8
                ? _bytes.Emit(name, x)
                : graph.Node(
                    "Gemm",
                    name,
                    [x, weights.Dense(name + ".weight"), weights.Dense(name + ".bias")],
                    OnnxGraph.Attribute("transB", 1));
            bool isHidden = layer < layers - 1;
            if (isHidden)
            {
                x = Normalized(name + ".norm", x);
            }

            if (isHidden || lastIsActivated)
            {
                x = Activated($"{prefix}.{(2 * layer) + 1}", x);
            }
        }

        return x;
    }

    private string Normalized(string name, string x) => _options.Normalization switch
    {
        "none" => x,
        "batch" => graph.Node(
            "BatchNormalization",
            name,
            [x, .. BatchParameters.Select(part => weights.Dense($"{name}.{part}"))],
            OnnxGraph.Attribute("epsilon", Epsilon)),
        "layer" => graph.Node(
            "LayerNormalization",
            name,
            [x, weights.Dense(name + ".weight"), weights.Dense(name + ".bias")],
            OnnxGraph.Attribute("axis", -1),
            OnnxGraph.Attribute("epsilon", Epsilon)),
        var other => throw new NotSupportedException($"--normalization={other} cannot be exported to ONNX."),
    };

    /// <summary>What follows a layer; gelu is the exact form, x · ½ (1 + erf(x / √2)).</summary>
    private string Activated(string name, string x)
    {
        switch (_options.Activation)
        {
            case "relu":
                return graph.Node("Relu", name, [x]);
            case "tanh":
                return graph.Node("Tanh", name, [x]);
            case "silu":
                return graph.Node("Mul", name, [x, graph.Node("Sigmoid", name + "/sigmoid", [x])]);
            case "gelu":
                string scaled = graph.Node("Mul", name + "/scaled", [x, graph.Scalar(MathF.Sqrt(0.5f))]);
                string sum = graph.Node("Add", name + "/sum", [graph.Node("Erf", name + "/erf", [scaled]), graph.Scalar(1)]);
                return graph.Node("Mul", name, [x, graph.Node("Mul", name + "/share", [sum, graph.Scalar(0.5f)])]);
            case "none":
                return x;
            default:
                throw new NotSupportedException($"--activation={_options.Activation} cannot be exported to ONNX.");
        }
    }
}
