namespace Dlrm.Interop.Onnx;

/// <summary>A tensor of the interpreter: floats, doubles, whole numbers (bytes and truths too) or texts, row-major.</summary>
internal sealed class OnnxValue
{
    private readonly Array _values;

    public OnnxValue(int[] shape, float[] values)
        : this(shape, (Array)values)
    {
    }

    public OnnxValue(int[] shape, double[] values)
        : this(shape, (Array)values)
    {
    }

    public OnnxValue(int[] shape, long[] values)
        : this(shape, (Array)values)
    {
    }

    public OnnxValue(int[] shape, string[] values)
        : this(shape, (Array)values)
    {
    }

    private OnnxValue(int[] shape, Array values)
    {
        Shape = shape;
        _values = values;
        if (shape.Aggregate(1L, (product, extent) => product * extent) != values.Length)
        {
            throw new InvalidDataException($"A tensor of shape ({string.Join(", ", shape)}) has {values.Length} elements.");
        }
    }

    public int[] Shape { get; }

    public int Count => _values.Length;

    public bool IsFloat => _values is float[];

    public bool IsDouble => _values is double[];

    public bool IsText => _values is string[];

    public float[] Floats => Of<float>("floats");

    public double[] Doubles => Of<double>("doubles");

    public long[] Integers => Of<long>("whole numbers");

    public string[] Texts => Of<string>("texts");

    /// <summary>The elements as doubles, whatever numbers they are.</summary>
    public double[] ToDoubles() => IsFloat ? Array.ConvertAll(Floats, value => (double)value)
        : IsDouble ? Doubles
        : Array.ConvertAll(Integers, value => (double)value);

    /// <summary>The same elements in another shape.</summary>
    public OnnxValue WithShape(int[] shape) => new(shape, _values);

    /// <summary>The elements at these places, in a shape.</summary>
    public OnnxValue Pick(int[] shape, int[] places) => new(shape, _values switch
    {
        float[] floats => Array.ConvertAll(places, place => floats[place]),
        double[] doubles => Array.ConvertAll(places, place => doubles[place]),
        string[] texts => Array.ConvertAll(places, place => texts[place]),
        _ => (Array)Array.ConvertAll(places, place => Integers[place]),
    });

    private T[] Of<T>(string wanted) => _values as T[]
        ?? throw new InvalidDataException($"A node wants {wanted} and gets {_values.GetType().GetElementType()!.Name}.");
}
