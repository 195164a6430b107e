using System.Runtime.InteropServices;

namespace Dlrm.Kernels;

/// <summary>One row between floats and the bytes of a <see cref="StorageFormat"/>.</summary>
/// <remarks>
/// The quantized layouts and their rounding are PyTorch's: <c>embedding_bag_byte_prepack</c> and <c>_4bit_prepack</c> give
/// the same bytes. Four bits of an odd row, which PyTorch refuses, leave the upper half of the last byte 0.
/// </remarks>
internal static class RowCodec
{
    private const float Epsilon = 1e-8f; // PyTorch's, against a division by 0 where a row is constant

    /// <summary>The largest magnitude that four bits can keep: the bias is in half precision.</summary>
    public const float Largest4 = 65504;

    /// <summary>Floats to bytes; 16 bits are rounded to the nearest.</summary>
    /// <param name="format">Not the first and not the last.</param>
    /// <param name="row">(D), finite.</param>
    /// <param name="packed">The row's bytes, out.</param>
    public static void Encode(StorageFormat format, ReadOnlySpan<float> row, Span<byte> packed)
    {
        switch (format)
        {
            case StorageFormat.Float32:
                MemoryMarshal.AsBytes(row).CopyTo(packed);
                break;
            case StorageFormat.Float16:
                EncodeHalf<Float16Format>(row, MemoryMarshal.Cast<byte, ushort>(packed));
                break;
            case StorageFormat.BFloat16:
                EncodeHalf<BFloat16Format>(row, MemoryMarshal.Cast<byte, ushort>(packed));
                break;
            case StorageFormat.Rowwise8:
                Encode8(row, packed);
                break;
            case StorageFormat.Rowwise4:
                Encode4(row, packed);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of rows.");
        }
    }

    /// <summary>Bytes to floats.</summary>
    /// <param name="format">Not the last.</param>
    /// <param name="packed">The row's bytes.</param>
    /// <param name="row">(D), out.</param>
    public static void Decode(StorageFormat format, ReadOnlySpan<byte> packed, Span<float> row)
    {
        switch (format)
        {
            case StorageFormat.Float32:
                packed.CopyTo(MemoryMarshal.AsBytes(row));
                break;
            case StorageFormat.Float16:
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(packed);
                for (int column = 0; column < row.Length; column++)
                {
                    row[column] = (float)halves[column];
                }

                break;
            case StorageFormat.BFloat16:
                ReadOnlySpan<ushort> words = MemoryMarshal.Cast<byte, ushort>(packed);
                for (int column = 0; column < row.Length; column++)
                {
                    row[column] = BitConverter.UInt32BitsToSingle((uint)words[column] << 16);
                }

                break;
            case StorageFormat.Rowwise8:
                (float scale, float bias) = (
                    MemoryMarshal.Read<float>(packed[row.Length..]), MemoryMarshal.Read<float>(packed[(row.Length + sizeof(float))..]));
                for (int column = 0; column < row.Length; column++)
                {
                    row[column] = MathF.FusedMultiplyAdd(scale, packed[column], bias);
                }

                break;
            case StorageFormat.Rowwise4:
                ReadOnlySpan<byte> factors = packed[((row.Length + 1) / 2)..];
                (scale, bias) = ((float)MemoryMarshal.Read<Half>(factors), (float)MemoryMarshal.Read<Half>(factors[2..]));
                for (int column = 0; column < row.Length; column++)
                {
                    row[column] = MathF.FusedMultiplyAdd(scale, (packed[column / 2] >> (column % 2 * 4)) & 0xF, bias);
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of rows.");
        }
    }

    private static void EncodeHalf<TFormat>(ReadOnlySpan<float> row, Span<ushort> words)
        where TFormat : struct, IHalfFormat
    {
        for (int column = 0; column < row.Length; column++)
        {
            words[column] = TFormat.Nearest(row[column]);
        }
    }

    private static void Encode8(ReadOnlySpan<float> row, Span<byte> packed)
    {
        (float least, float most) = Range(row);
        float range = most - least;
        float inverse = 255f / (range + Epsilon);
        for (int column = 0; column < row.Length; column++)
        {
            packed[column] = (byte)MathF.Round((row[column] - least) * inverse, MidpointRounding.ToEven);
        }

        MemoryMarshal.Write(packed[row.Length..], range / 255f);
        MemoryMarshal.Write(packed[(row.Length + sizeof(float))..], least);
    }

    private static void Encode4(ReadOnlySpan<float> row, Span<byte> packed)
    {
        (float least, float most) = Range(row);
        var bias = (Half)least;
        least = (float)bias;
        float range = most - least;
        Half scale = range == 0 ? (Half)1f : (Half)(range / 15f);
        float inverse = scale == (Half)0 ? 1 : 1 / (float)scale;
        if (scale == (Half)0 || float.IsInfinity(inverse))
        {
            scale = (Half)1f;
            inverse = 1;
        }

        int bytes = (row.Length + 1) / 2;
        packed[..bytes].Clear();
        for (int column = 0; column < row.Length; column++)
        {
            float value = MathF.Round((row[column] - least) * inverse, MidpointRounding.ToEven);
            packed[column / 2] |= (byte)((int)Math.Clamp(value, 0f, 15f) << (column % 2 * 4));
        }

        MemoryMarshal.Write(packed[bytes..], scale);
        MemoryMarshal.Write(packed[(bytes + 2)..], bias);
    }

    private static (float Least, float Most) Range(ReadOnlySpan<float> row)
    {
        float least = row[0];
        float most = row[0];
        foreach (float value in row)
        {
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }

        return (least, most);
    }
}
