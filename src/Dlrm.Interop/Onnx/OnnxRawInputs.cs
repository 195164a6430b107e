using System.Globalization;
using Google.Protobuf;
using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>Emits the inputs of a file that takes raw values: one of shape (batch, 1) a column, under its name.</summary>
internal sealed class OnnxRawInputs(OnnxGraph graph, OnnxPreprocessing preprocessing)
{
    private const TensorProto.Types.DataType Double = TensorProto.Types.DataType.Double;
    private const long Float = 1; // TensorProto.FLOAT

    private readonly Dictionary<string, string> _columns = new(StringComparer.Ordinal);

    /// <summary>The domain of LabelEncoder.</summary>
    public const string Domain = "ai.onnx.ml";

    /// <summary>Its version of operators.</summary>
    public const int OperatorSet = 3;

    /// <summary>(B, M) in single precision.</summary>
    public string Dense()
    {
        foreach (string column in preprocessing.Dense.Select(feature => feature.Column).OfType<string>().Distinct())
        {
            _columns[column] = graph.Input(column, Double, "batch_size", 1);
        }

        foreach (OnnxVocabulary feature in preprocessing.Sparse)
        {
            _columns[feature.Column] = graph.Input(
                feature.Column, feature.IsNumber ? TensorProto.Types.DataType.Int64 : TensorProto.Types.DataType.String, "batch_size", 1);
        }

        string[] features = [.. preprocessing.Dense.Select(Dense)];
        return graph.Node("Concat", "dense_x", features, OnnxGraph.Attribute("axis", 1));
    }

    /// <summary>(B) for each table: its row.</summary>
    public string[] Indices() => [.. preprocessing.Sparse.Select(Index)];

    private string Dense(OnnxDenseFeature feature, int number)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"dense_{number}");
        if (feature.Column is null)
        {
            string shape = graph.Node("Shape", name + "/shape", [_columns[preprocessing.Sparse[0].Column]]);
            return graph.Node("Expand", name, [graph.Scalar(1), shape]);
        }

        string x = _columns[feature.Column];
        string isThere = graph.Node("Equal", name + "/is_there", [x, x]); // NaN equals nothing.
        if (feature.IsIndicator)
        {
            return graph.Node("Where", name, [isThere, graph.Scalar(0), graph.Scalar(1)]);
        }

        string value = graph.Node("Where", name + "/filled", [isThere, x, graph.Double(feature.Fill ?? 0)]);
        value = feature.ClipLow is { } low ? graph.Node("Max", name + "/above", [value, graph.Double(low)]) : value;
        value = feature.ClipHigh is { } high ? graph.Node("Min", name + "/below", [value, graph.Double(high)]) : value;
        if (feature.Log1p)
        {
            string count = graph.Node("Max", name + "/count", [value, graph.Double(0)]);
            value = graph.Node("Log", name + "/log", [graph.Node("Add", name + "/and_one", [count, graph.Double(1)])]);
        }

        string scaled = feature.Borders is { } borders ? Share(name, value, borders) : Scaled(name, value, feature);
        return feature.Fill is null ? graph.Node("Where", name, [isThere, scaled, graph.Scalar(0)]) : scaled;
    }

    private string Scaled(string name, string value, OnnxDenseFeature feature)
    {
        string shifted = graph.Node("Sub", name + "/shifted", [value, graph.Double(feature.Shift)]);
        string divided = graph.Node("Div", name + "/divided", [shifted, graph.Double(feature.Divisor)]);
        return graph.Node("Cast", name + "/single", [divided], OnnxGraph.Attribute("to", Float));
    }

    /// <summary>Borders at or below the value: all, less those above.</summary>
    private string Share(string name, string value, IReadOnlyList<double> borders)
    {
        string above = graph.Node("Less", name + "/is_above", [value, graph.Doubles([.. borders])]);
        string ones = graph.Node("Cast", name + "/above_ones", [above], OnnxGraph.Attribute("to", Float));
        string column = graph.Node(
            "Expand", name + "/ones", [graph.Scalar(1), graph.Integers(borders.Count, 1)]);
        string count = graph.Node("MatMul", name + "/above", [ones, column]);
        string below = graph.Node("Sub", name + "/at_or_below", [graph.Scalar(borders.Count), count]);
        return graph.Node("Div", name + "/share", [below, graph.Scalar(borders.Count)]);
    }

    private string Index(OnnxVocabulary feature, int table)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"indices_{table}");
        var keys = new AttributeProto();
        var rows = new AttributeProto { Name = "values_int64s", Type = AttributeProto.Types.AttributeType.Ints };
        for (int number = 0; number < feature.Values.Count; number++)
        {
            if (!feature.IsNumber)
            {
                keys.Strings.Add(ByteString.CopyFromUtf8(feature.Values[number]));
            }
            else if (long.TryParse(feature.Values[number], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long key))
            {
                keys.Ints.Add(key);
            }
            else
            {
                continue;
            }

            rows.Ints.Add(number + 1);
        }

        (keys.Name, keys.Type) = feature.IsNumber
            ? ("keys_int64s", AttributeProto.Types.AttributeType.Ints)
            : ("keys_strings", AttributeProto.Types.AttributeType.Strings);
        string encoded = graph.NodeOf(Domain, "LabelEncoder", name + "/rows", [_columns[feature.Column]], keys, rows, OnnxGraph.Attribute("default_int64", 0));
        return graph.Node("Reshape", name, [encoded, graph.Integers(-1)]);
    }
}
