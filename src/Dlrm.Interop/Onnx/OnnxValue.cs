namespace Dlrm.Interop.Onnx;

/// <summary>A tensor of the interpreter: floats or whole numbers, row-major.</summary>
internal sealed class OnnxValue
{
    private readonly float[]? _floats;
    private readonly long[]? _integers;

    public OnnxValue(int[] shape, float[] values)
    {
        Shape = shape;
        _floats = values;
        Require(values.Length);
    }

    public OnnxValue(int[] shape, long[] values)
    {
        Shape = shape;
        _integers = values;
        Require(values.Length);
    }

    public int[] Shape { get; }

    public int Count => _floats?.Length ?? _integers!.Length;

    public bool IsFloat => _floats is not null;

    public float[] Floats => _floats ?? throw new InvalidDataException("A node wants floats and gets whole numbers.");

    public long[] Integers => _integers ?? throw new InvalidDataException("A node wants whole numbers and gets floats.");

    /// <summary>The same elements in another shape.</summary>
    public OnnxValue WithShape(int[] shape) => IsFloat ? new OnnxValue(shape, Floats) : new OnnxValue(shape, Integers);

    /// <summary>The elements at these places, in a shape.</summary>
    public OnnxValue Pick(int[] shape, int[] places) => IsFloat
        ? new OnnxValue(shape, Array.ConvertAll(places, place => Floats[place]))
        : new OnnxValue(shape, Array.ConvertAll(places, place => Integers[place]));

    private void Require(int count)
    {
        if (Shape.Aggregate(1L, (product, extent) => product * extent) != count)
        {
            throw new InvalidDataException($"A tensor of shape ({string.Join(", ", Shape)}) has {count} elements.");
        }
    }
}
