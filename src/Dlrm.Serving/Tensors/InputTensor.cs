namespace Dlrm.Serving.Tensors;

/// <summary>An input of an inference request, its elements not yet read.</summary>
/// <param name="Name">E.g. <c>dense</c>.</param>
/// <param name="Type">The protocol's name of the type, e.g. <c>FP32</c>.</param>
/// <param name="Shape">Extents, row-major.</param>
/// <param name="Data">A JSON array, nested or flat; or the elements, little-endian.</param>
/// <param name="IsJson">Which of the two.</param>
internal readonly record struct InputTensor(string Name, string Type, long[] Shape, ReadOnlyMemory<byte> Data, bool IsJson)
{
    /// <summary>Elements that the shape has.</summary>
    /// <exception cref="RequestException">An extent is negative, or they are too many.</exception>
    public long Elements
    {
        get
        {
            long elements = 1;
            foreach (long extent in Shape)
            {
                if (extent < 0 || (extent > 0 && elements > int.MaxValue / extent))
                {
                    throw RequestException.Bad($"Tensor '{Name}' of shape [{string.Join(", ", Shape)}] cannot be read: extents are 0 or more, and their product is below 2³¹.");
                }

                elements *= extent;
            }

            return elements;
        }
    }

    /// <summary>Refuses another shape.</summary>
    /// <param name="dimensions">How many.</param>
    /// <param name="expected">In words.</param>
    /// <exception cref="RequestException">It has another.</exception>
    public void RequireDimensions(int dimensions, string expected)
    {
        if (Shape.Length != dimensions)
        {
            throw RequestException.Bad($"Tensor '{Name}' has the shape [{string.Join(", ", Shape)}]; expected {expected}.");
        }
    }
}
