namespace Dlrm.Interop.Onnx;

/// <summary>Emits fully connected layers whose weights are signed bytes: the arithmetic of our kernel, step by step.</summary>
/// <remarks>
/// <para>
/// DynamicQuantizeLinear takes one scale for a batch; we take one a sample, so that its score does not depend on the others.
/// For each row of x: scale from the least and the largest element and 0, in double precision; q = round(x / scale) + zero,
/// halves to even; then whole sums, Σ q · w − zero · Σ w, and y = sum · (scale · weight scale) + bias, in double precision
/// rounded once, which is what one fused multiply-add gives.
/// </para>
/// <para>
/// Weights are shifted to unsigned bytes, with zero point 128: products of unsigned by signed bytes saturate on some
/// processors in ONNX Runtime.
/// </para>
/// </remarks>
internal sealed class OnnxInt8Layers(OnnxGraph graph, OnnxWeights weights)
{
    private const float LeastScale = 6.1e-5f; // As the kernel has it.
    private const long Float = 1; // TensorProto.FLOAT
    private const long UnsignedByte = 2; // UINT8
    private const long Whole = 6; // INT32
    private const long Double = 11; // DOUBLE

    /// <summary>y (B, n) of x (B, k), before what follows the layer.</summary>
    /// <param name="name">E.g. <c>bot_l.0</c>.</param>
    /// <param name="x">(B, k).</param>
    public string Emit(string name, string x)
    {
        string least = Extreme("ReduceMin", "Min", name + "/least", x);
        string most = Extreme("ReduceMax", "Max", name + "/most", x);
        string range = graph.Node("Sub", name + "/range", [Cast(most, Double), Cast(least, Double)]);
        string step = graph.Node("Div", name + "/step", [range, graph.Double(255)]);
        string scale = graph.Node("Max", name + "/scale", [step, graph.Double(LeastScale)]);
        string zero = Zero(name, least, step, scale);
        string single = Cast(scale, Float);

        string scaled = graph.Node("Mul", name + "/in_steps", [x, graph.Node("Div", name + "/per_step", [graph.Scalar(1), single])]);
        string floor = graph.Node("Max", name + "/above", [scaled, graph.Node("Neg", name + "/lowest", [zero])]);
        string cut = graph.Node("Min", name + "/within", [floor, graph.Node("Sub", name + "/highest", [graph.Scalar(255), zero])]);
        string codes = graph.Node("Add", name + "/codes", [graph.Node("Round", name + "/rounded", [cut]), zero]);

        string products = graph.Node(
            "MatMulInteger",
            name + "/products",
            [Cast(codes, UnsignedByte), weights.ShiftedBytes(name + ".weight"), "", graph.Byte(128)]);
        string shift = graph.Node("Mul", name + "/shift", [Cast(zero, Whole), weights.ByteSums(name + ".weight")]);
        string sums = graph.Node("Sub", name + "/sums", [products, shift]);
        string factor = graph.Node("Mul", name + "/factor", [single, weights.Dense(name + ".weight.scale")]);
        string rounded = Cast(Cast(sums, Float), Double); // The kernel's sums become single before they are multiplied.
        string product = graph.Node("Mul", name + "/product", [rounded, Cast(factor, Double)]);
        string sum = graph.Node("Add", name + "/sum", [product, Cast(weights.Dense(name + ".bias"), Double)]);
        return Cast(sum, Float);
    }

    /// <summary>What 0 becomes, (B, 1): ranges too small for the least scale are widened first.</summary>
    private string Zero(string name, string least, string step, string scale)
    {
        string small = graph.Node("Less", name + "/is_small", [step, graph.Double(LeastScale)]);
        string before = graph.Node("Max", name + "/small_step", [Cast(step, Float), graph.Scalar(1e-30f)]);
        string amplifier = graph.Node("Div", name + "/amplifier", [graph.Scalar(LeastScale), before]);
        string widened = graph.Node("Mul", name + "/widened", [least, amplifier]);
        string low = graph.Node("Where", name + "/low", [small, widened, least]);
        string steps = graph.Node("Div", name + "/steps_below", [Cast(low, Double), scale]);
        string zero = graph.Node("Round", name + "/zero_rounded", [graph.Node("Neg", name + "/steps_to_zero", [steps])]);
        return Cast(graph.Node("Clip", name + "/zero", [zero, graph.Double(0), graph.Double(255)]), Float);
    }

    /// <summary>(B, 1): the least or largest element of each row and 0.</summary>
    private string Extreme(string reduce, string with, string name, string x)
    {
        string element = graph.Node(reduce, name + "_element", [x], OnnxGraph.Attribute("axes", [1L]));
        return graph.Node(with, name, [element, graph.Scalar(0)]);
    }

    private string Cast(string x, long to) => graph.Node("Cast", $"{x}/as_{to}", [x], OnnxGraph.Attribute("to", to));
}
