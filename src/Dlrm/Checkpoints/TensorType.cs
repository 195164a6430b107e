namespace Dlrm.Checkpoints;

/// <summary>Element types of the safetensors format, under its own names in upper case.</summary>
public enum TensorType
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>Unsigned, 8 bits.</summary>
    U8,

    /// <summary>Signed, 8 bits.</summary>
    I8,

    /// <summary>Signed, 16 bits.</summary>
    I16,

    /// <summary>Unsigned, 16 bits.</summary>
    U16,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>The upper half of an IEEE single.</summary>
    BF16,

    /// <summary>Signed, 32 bits.</summary>
    I32,

    /// <summary>Unsigned, 32 bits.</summary>
    U32,

    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>Signed, 64 bits.</summary>
    I64,

    /// <summary>Unsigned, 64 bits.</summary>
    U64,

    /// <summary>IEEE double precision.</summary>
    F64,
}

/// <summary>Names and sizes of <see cref="TensorType"/>.</summary>
internal static class TensorTypes
{
    private static readonly Dictionary<string, TensorType> ByName =
        Enum.GetValues<TensorType>().ToDictionary(Name, StringComparer.Ordinal);

    public static string Known { get; } = string.Join(", ", ByName.Keys);

    /// <summary>The name in a safetensors header, e.g. <c>F32</c>.</summary>
    public static string Name(this TensorType type) => type.ToString().ToUpperInvariant();

    /// <summary>Bytes of one element.</summary>
    public static int Size(this TensorType type) => type switch
    {
        TensorType.Bool or TensorType.U8 or TensorType.I8 => 1,
        TensorType.I16 or TensorType.U16 or TensorType.F16 or TensorType.BF16 => 2,
        TensorType.I32 or TensorType.U32 or TensorType.F32 => 4,
        _ => 8,
    };

    public static bool TryParse(string name, out TensorType type) => ByName.TryGetValue(name, out type);

    /// <summary>The type that stores a C# type. BF16 has none: read it as what it is.</summary>
    /// <exception cref="NotSupportedException">No safetensors type stores it.</exception>
    public static TensorType Of<T>()
        where T : unmanaged
        => Type.GetTypeCode(typeof(T)) switch
        {
            TypeCode.Boolean => TensorType.Bool,
            TypeCode.Byte => TensorType.U8,
            TypeCode.SByte => TensorType.I8,
            TypeCode.Int16 => TensorType.I16,
            TypeCode.UInt16 => TensorType.U16,
            TypeCode.Int32 => TensorType.I32,
            TypeCode.UInt32 => TensorType.U32,
            TypeCode.Single => TensorType.F32,
            TypeCode.Int64 => TensorType.I64,
            TypeCode.UInt64 => TensorType.U64,
            TypeCode.Double => TensorType.F64,
            _ when typeof(T) == typeof(Half) => TensorType.F16,
            _ => throw new NotSupportedException($"safetensors has no type for {typeof(T).Name}."),
        };
}
