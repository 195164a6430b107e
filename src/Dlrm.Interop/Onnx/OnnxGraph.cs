using Dlrm.Checkpoints;
using Google.Protobuf;
using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>An ONNX graph while it is built: nodes in order, small constants inside, weights to be written later.</summary>
internal sealed class OnnxGraph
{
    private readonly GraphProto _graph = new() { Name = "dlrm" };
    private readonly HashSet<string> _constants = new(StringComparer.Ordinal);
    private readonly List<TensorSource> _weights = [];

    /// <summary>The graph so far, without its weights.</summary>
    public GraphProto Proto => _graph;

    /// <summary>Tensors that become initializers.</summary>
    public IReadOnlyList<TensorSource> Weights => _weights;

    /// <summary>Declares an input.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Of its elements.</param>
    /// <param name="dimensions">Numbers, or names of extents that may differ from call to call.</param>
    public string Input(string name, TensorProto.Types.DataType type, params object[] dimensions)
    {
        _graph.Input.Add(Value(name, type, dimensions));
        return name;
    }

    /// <summary>Declares an output.</summary>
    public void Output(string name, TensorProto.Types.DataType type, params object[] dimensions)
        => _graph.Output.Add(Value(name, type, dimensions));

    /// <summary>Adds a weight, an initializer of its own name.</summary>
    public string Weight(TensorSource tensor)
    {
        _weights.Add(tensor);
        return tensor.Name;
    }

    /// <summary>Adds a node of one output.</summary>
    /// <param name="operation">ONNX's name.</param>
    /// <param name="output">The output's name, which is also the node's.</param>
    /// <param name="inputs">Names; empty for one left out.</param>
    /// <param name="attributes">See <see cref="Attribute(string, long)"/>.</param>
    /// <returns>The output's name.</returns>
    public string Node(string operation, string output, string[] inputs, params AttributeProto[] attributes)
        => NodeOf("", operation, output, inputs, attributes);

    /// <summary>The same with an operator of another domain.</summary>
    public string NodeOf(string domain, string operation, string output, string[] inputs, params AttributeProto[] attributes)
    {
        var node = new NodeProto { OpType = operation, Name = output, Domain = domain };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        node.Attribute.AddRange(attributes);
        _graph.Node.Add(node);
        return output;
    }

    /// <summary>Whole numbers as an initializer of one dimension, once each.</summary>
    public string Integers(params long[] values)
    {
        string name = values.Length <= 4 ? "ints_" + string.Join('_', values) : $"ints_{values.Length}_{_constants.Count}";
        AddConstant(name, () =>
        {
            var tensor = new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Int64 };
            tensor.Dims.Add(values.Length);
            tensor.Int64Data.AddRange(values);
            return tensor;
        });
        return name;
    }

    /// <summary>A whole number as an initializer without dimensions.</summary>
    public string Integer(long value)
    {
        string name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"int_{value}");
        AddConstant(name, () => new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Int64, Int64Data = { value } });
        return name;
    }

    /// <summary>A number as an initializer without dimensions.</summary>
    public string Scalar(float value)
    {
        string name = "float_" + value.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        AddConstant(name, () => new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Float, FloatData = { value } });
        return name;
    }

    /// <summary>A number in double precision as an initializer without dimensions.</summary>
    public string Double(double value)
    {
        string name = "double_" + value.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        AddConstant(name, () => new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Double, DoubleData = { value } });
        return name;
    }

    /// <summary>Numbers in double precision as an initializer of one dimension.</summary>
    public string Doubles(params double[] values)
    {
        string name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"doubles_{_constants.Count}");
        AddConstant(name, () => new TensorProto
        {
            Name = name,
            DataType = (int)TensorProto.Types.DataType.Double,
            Dims = { values.Length },
            DoubleData = { values },
        });
        return name;
    }

    /// <summary>An unsigned byte as an initializer without dimensions.</summary>
    public string Byte(byte value)
    {
        string name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"byte_{value}");
        AddConstant(name, () => new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Uint8, RawData = ByteString.CopyFrom(value) });
        return name;
    }

    public static AttributeProto Attribute(string name, float value)
        => new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };

    public static AttributeProto Attribute(string name, long value)
        => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static AttributeProto Attribute(string name, params long[] values)
        => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    public static AttributeProto Attribute(string name, string value)
        => new() { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(value) };

    /// <summary>The value that ConstantOfShape fills with.</summary>
    public static AttributeProto Filling(long value) => new()
    {
        Name = "value",
        Type = AttributeProto.Types.AttributeType.Tensor,
        T = new TensorProto { DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 1 }, Int64Data = { value } },
    };

    private static ValueInfoProto Value(string name, TensorProto.Types.DataType type, object[] dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (object dimension in dimensions)
        {
            shape.Dim.Add(dimension is string text
                ? new TensorShapeProto.Types.Dimension { DimParam = text }
                : new TensorShapeProto.Types.Dimension { DimValue = (int)dimension });
        }

        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } },
        };
    }

    private void AddConstant(string name, Func<TensorProto> create)
    {
        if (_constants.Add(name))
        {
            _graph.Initializer.Add(create());
        }
    }
}
