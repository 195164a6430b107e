using Dlrm.Memory;

namespace Dlrm.Layers;

/// <summary>One trained tensor under the name that the reference's state_dict gives it.</summary>
/// <remarks>It owns its values. Dense parameters also own a gradient; tables have none (their updates are sparse).</remarks>
public sealed class Parameter : IDisposable
{
    /// <summary>A zeroed parameter.</summary>
    /// <param name="name">E.g. <c>bot_l.0.weight</c>.</param>
    /// <param name="shape">One or two dimensions, row-major.</param>
    /// <param name="dense">True to keep a gradient.</param>
    public Parameter(string name, ReadOnlySpan<int> shape, bool dense)
    {
        Name = name;
        Shape = shape.ToArray();
        long elements = 1;
        foreach (int extent in shape)
        {
            elements = checked(elements * extent);
        }

        Value = new NativeBuffer<float>(elements);
        Gradient = dense ? new NativeBuffer<float>(elements) : null;
    }

    /// <summary>The state_dict name.</summary>
    public string Name { get; }

    /// <summary>(rows, columns), or (elements).</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>The values, row-major.</summary>
    public NativeBuffer<float> Value { get; }

    /// <summary>The gradient of the last backward pass; null for tables.</summary>
    public NativeBuffer<float>? Gradient { get; }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        Value.Dispose();
        Gradient?.Dispose();
    }
}
