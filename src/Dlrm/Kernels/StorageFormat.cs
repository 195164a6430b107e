namespace Dlrm.Kernels;

/// <summary>How the elements of a parameter are kept in memory and in files. Arithmetic is in single precision always.</summary>
public enum StorageFormat
{
    /// <summary>IEEE single precision.</summary>
    Float32,

    /// <summary>IEEE half precision: 10 bits after the point, from 6e-8 to 65504.</summary>
    Float16,

    /// <summary>The upper half of an IEEE single: 7 bits after the point, the range of a single.</summary>
    BFloat16,

    /// <summary>A row is D unsigned bytes q, then scale and bias (single): element = scale · q + bias.</summary>
    Rowwise8,

    /// <summary>A row is ⌈D / 2⌉ bytes of two values q each, the lower four bits first, then scale and bias (half).</summary>
    Rowwise4,

    /// <summary>Signed bytes q with one scale for the whole matrix: element = scale · q.</summary>
    Int8,
}

/// <summary>Sizes and words of <see cref="StorageFormat"/>.</summary>
internal static class StorageFormats
{
    private static readonly (string Word, StorageFormat Format)[] Trainable =
        [("fp32", StorageFormat.Float32), ("fp16", StorageFormat.Float16), ("bf16", StorageFormat.BFloat16)];

    /// <summary>The words of <see cref="Parse"/>.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. Trainable.Select(entry => entry.Word)];

    /// <summary>Bytes of a row of <paramref name="columns"/> elements.</summary>
    public static long RowBytes(this StorageFormat format, int columns) => format switch
    {
        StorageFormat.Float32 => sizeof(float) * (long)columns,
        StorageFormat.Float16 or StorageFormat.BFloat16 => sizeof(ushort) * (long)columns,
        StorageFormat.Rowwise8 => columns + (2L * sizeof(float)),
        StorageFormat.Rowwise4 => ((columns + 1L) / 2) + (2 * sizeof(ushort)),
        _ => columns,
    };

    /// <summary>True where a row has a scale and a bias of its own.</summary>
    public static bool IsRowwise(this StorageFormat format) => format is StorageFormat.Rowwise8 or StorageFormat.Rowwise4;

    /// <summary>True for two bytes an element.</summary>
    public static bool IsHalf(this StorageFormat format) => format is StorageFormat.Float16 or StorageFormat.BFloat16;

    /// <summary>fp32, fp16 or bf16.</summary>
    /// <exception cref="ArgumentException">Another word.</exception>
    public static StorageFormat Parse(string word)
    {
        foreach ((string known, StorageFormat format) in Trainable)
        {
            if (known == word)
            {
                return format;
            }
        }

        throw new ArgumentException($"There is no element type '{word}' (--embedding-dtype); there are {string.Join(", ", Words)}.");
    }
}
