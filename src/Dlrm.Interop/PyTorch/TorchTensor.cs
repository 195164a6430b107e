using Dlrm.Checkpoints;

namespace Dlrm.Interop.PyTorch;

/// <summary>A run of elements in a PyTorch file.</summary>
/// <param name="Key">Its name there.</param>
/// <param name="Type">Of its elements.</param>
/// <param name="Elements">How many.</param>
internal sealed record TorchStorage(string Key, TensorType Type, long Elements)
{
    /// <summary>Its size.</summary>
    public long Bytes => Elements * Type.Size();
}

/// <summary>A view of a storage, checked to lie inside of it.</summary>
/// <param name="Storage">Where its elements are.</param>
/// <param name="Offset">The first of them.</param>
/// <param name="Shape">Its extents.</param>
/// <param name="Strides">Elements from one index to the next, for each extent.</param>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, IReadOnlyList<long> Shape, IReadOnlyList<long> Strides)
{
    /// <summary>Elements.</summary>
    public long Elements { get; } = Shape.Aggregate(1L, (product, extent) => checked(product * extent));

    /// <summary>True when the elements follow one another, row-major.</summary>
    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int i = Shape.Count - 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != expected)
                {
                    return false;
                }

                expected *= Shape[i];
            }

            return true;
        }
    }
}
