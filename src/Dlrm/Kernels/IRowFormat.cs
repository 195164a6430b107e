using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>How a table's row lies in memory when it is not D floats: found, and added to a sum.</summary>
internal unsafe interface IRowFormat
{
    /// <summary>The format.</summary>
    static abstract StorageFormat Format { get; }

    /// <summary>What a row's elements are multiplied by and what is added, for a row of a weight in its bag.</summary>
    /// <param name="row">The row's first byte.</param>
    /// <param name="dimension">D.</param>
    /// <param name="weight">The weight; 1 for a plain sum.</param>
    /// <param name="scale">weight · the row's scale.</param>
    /// <param name="bias">weight · the row's bias.</param>
    static abstract void Factors(byte* row, int dimension, float weight, out float scale, out float bias);

    /// <summary>sum + the row's elements from a column on.</summary>
    /// <typeparam name="TSimd">The register.</typeparam>
    /// <param name="sum">So far.</param>
    /// <param name="row">The row's first byte.</param>
    /// <param name="column">First column; even where TSimd has several lanes.</param>
    /// <param name="scale">From <see cref="Factors"/>, in every lane.</param>
    /// <param name="bias">From <see cref="Factors"/>, in every lane.</param>
    static abstract TSimd Add<TSimd>(TSimd sum, byte* row, int column, TSimd scale, TSimd bias)
        where TSimd : unmanaged, ISimd<TSimd>;
}

/// <summary>Bytes, then scale and bias: <c>sum = fma(scale, q, sum + bias)</c>, as in PyTorch.</summary>
internal readonly unsafe struct Rowwise8Rows : IRowFormat
{
    public static StorageFormat Format => StorageFormat.Rowwise8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(byte* row, int dimension, float weight, out float scale, out float bias)
    {
        scale = weight * Unsafe.ReadUnaligned<float>(row + dimension);
        bias = weight * Unsafe.ReadUnaligned<float>(row + dimension + sizeof(float));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Add<TSimd>(TSimd sum, byte* row, int column, TSimd scale, TSimd bias)
        where TSimd : unmanaged, ISimd<TSimd>
        => TSimd.Fma(scale, WideningLoads.Bytes<TSimd>(row + column), sum + bias);
}

/// <summary>Halves of bytes, then scale and bias in half precision: as <see cref="Rowwise8Rows"/> otherwise.</summary>
internal readonly unsafe struct Rowwise4Rows : IRowFormat
{
    public static StorageFormat Format => StorageFormat.Rowwise4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(byte* row, int dimension, float weight, out float scale, out float bias)
    {
        byte* factors = row + ((dimension + 1) >> 1);
        scale = weight * (float)BitConverter.UInt16BitsToHalf(Unsafe.ReadUnaligned<ushort>(factors));
        bias = weight * (float)BitConverter.UInt16BitsToHalf(Unsafe.ReadUnaligned<ushort>(factors + sizeof(ushort)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Add<TSimd>(TSimd sum, byte* row, int column, TSimd scale, TSimd bias)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd value = TSimd.Lanes == 1
            ? TSimd.Broadcast((row[column >> 1] >> ((column & 1) * 4)) & 0xF)
            : WideningLoads.Nibbles<TSimd>(row + (column >> 1));
        return TSimd.Fma(scale, value, sum + bias);
    }
}

/// <summary>Floats of 16 bits: <c>sum = fma(weight, element, sum)</c>, which for a weight of 1 is a plain addition.</summary>
/// <typeparam name="TFormat">Which.</typeparam>
internal readonly unsafe struct HalfRows<TFormat> : IRowFormat
    where TFormat : struct, IHalfFormat
{
    public static StorageFormat Format =>
        typeof(TFormat) == typeof(Float16Format) ? StorageFormat.Float16 : StorageFormat.BFloat16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(byte* row, int dimension, float weight, out float scale, out float bias)
    {
        scale = weight;
        bias = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Add<TSimd>(TSimd sum, byte* row, int column, TSimd scale, TSimd bias)
        where TSimd : unmanaged, ISimd<TSimd>
        => TSimd.Fma(scale, TFormat.Decode(WideningLoads.Words<TSimd>((ushort*)row + column)), sum);
}
