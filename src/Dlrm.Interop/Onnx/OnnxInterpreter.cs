using Google.Protobuf;
using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>
/// Runs the graphs that we export, slowly and plainly, by the operators' specification: the check of every export.
/// </summary>
internal sealed class OnnxInterpreter
{
    private static readonly OnnxValue Nothing = new([0], Array.Empty<float>()); // An input left out.

    private readonly ModelProto _model;
    private readonly Dictionary<string, OnnxWeight> _weights;

    private OnnxInterpreter(ModelProto model, Dictionary<string, OnnxWeight> weights)
    {
        _model = model;
        _weights = weights;
    }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The model file.</param>
    /// <param name="dataPath">The file of its weights, where it has not its name yet; else null.</param>
    public static OnnxInterpreter Open(string path, string? dataPath = null)
    {
        ModelProto model = Parse(path);
        return new OnnxInterpreter(
            model,
            model.Graph.Initializer.ToDictionary(tensor => tensor.Name, tensor => new OnnxWeight(tensor, path, dataPath), StringComparer.Ordinal));
    }

    /// <summary>Reads the protobuf message of a file.</summary>
    /// <exception cref="RefusedFileException">It is none.</exception>
    public static ModelProto Parse(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using var input = CodedInputStream.CreateWithLimits(stream, int.MaxValue, recursionLimit: 64);
            ModelProto model = ModelProto.Parser.ParseFrom(input);
            return model.Graph is { } graph && graph.Node.Count > 0
                ? model
                : throw new RefusedFileException(RefusalReason.NotThisFormat, $"{path} is no ONNX model: it has no graph.");
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{path} is no ONNX model, or damaged: {exception.Message}", exception);
        }
    }

    /// <summary>Computes the first output.</summary>
    /// <param name="inputs">By name.</param>
    /// <exception cref="InvalidDataException">An operator is not among those that we emit, or is misused.</exception>
    public OnnxValue Run(IReadOnlyDictionary<string, OnnxValue> inputs)
    {
        var values = new Dictionary<string, OnnxValue>(inputs, StringComparer.Ordinal);
        foreach (NodeProto node in _model.Graph.Node)
        {
            values[node.Output[0]] = node.OpType == "Gather" && _weights.TryGetValue(node.Input[0], out OnnxWeight? weight) && weight.Size > 0
                ? GatherRows(weight, Value(values, node.Input[1]))
                : OnnxOperators.Run(node, [.. node.Input.Select(name => name.Length == 0 ? Nothing : Value(values, name))]);
        }

        return values[_model.Graph.Output[0].Name];
    }

    /// <summary>Rows of a table that may not fit memory.</summary>
    private static OnnxValue GatherRows(OnnxWeight weight, OnnxValue indices)
    {
        int width = checked((int)weight.Shape.Skip(1).Aggregate(1L, (product, extent) => product * extent));
        float[] rows = new float[indices.Count * width];
        for (int i = 0; i < indices.Count; i++)
        {
            weight.Read(indices.Integers[i] * width, rows.AsSpan(i * width, width));
        }

        return new OnnxValue([.. indices.Shape, .. weight.Shape.Skip(1).Select(extent => (int)extent)], rows);
    }

    private OnnxValue Value(Dictionary<string, OnnxValue> values, string name)
    {
        if (!values.TryGetValue(name, out OnnxValue? value))
        {
            value = _weights.TryGetValue(name, out OnnxWeight? weight)
                ? weight.ToValue()
                : throw new InvalidDataException($"There is no value '{name}' in the graph.");
            values[name] = value;
        }

        return value;
    }
}
