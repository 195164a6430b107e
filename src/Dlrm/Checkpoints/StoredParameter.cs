using Dlrm.Kernels;
using Dlrm.Layers;

namespace Dlrm.Checkpoints;

/// <summary>The name, shape and type under which a parameter stands in model.safetensors, however it is kept.</summary>
/// <remarks>
/// Single and half precision: its own name and shape, F32, F16 or BF16. Rows with a scale and a bias: NAME.rowwise8 or
/// NAME.rowwise4, U8, (rows, bytes of a row). Signed bytes with one scale: its own name and shape, I8.
/// </remarks>
internal static class StoredParameter
{
    public static string Name(Parameter parameter) => parameter.Storage switch
    {
        StorageFormat.Rowwise8 => parameter.Name + ".rowwise8",
        StorageFormat.Rowwise4 => parameter.Name + ".rowwise4",
        _ => parameter.Name,
    };

    public static long[] Shape(Parameter parameter) => parameter.Storage.IsRowwise()
        ? [parameter.Shape[0], parameter.Storage.RowBytes(parameter.Shape[1])]
        : [.. parameter.Shape.Select(extent => (long)extent)];

    public static TensorType Type(Parameter parameter) => parameter.Storage switch
    {
        StorageFormat.Float32 => TensorType.F32,
        StorageFormat.Float16 => TensorType.F16,
        StorageFormat.BFloat16 => TensorType.BF16,
        StorageFormat.Int8 => TensorType.I8,
        _ => TensorType.U8,
    };
}
