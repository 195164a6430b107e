using System.Numerics;
using System.Runtime.InteropServices;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Checkpoints;

/// <summary>Looks for values that are infinite or not a number.</summary>
public static class Finiteness
{
    /// <summary>The exponent of a float: all ones for infinities and NaN alone.</summary>
    private const int Exponent = 0x7F800000;
    private const ushort Exponent16 = 0x7C00;
    private const ushort ExponentBrain = 0x7F80;

    /// <summary>True when every element is finite, however it is kept; what is quantized always is.</summary>
    /// <param name="parameter">A parameter.</param>
    public static bool AllFinite(Parameter parameter) => parameter.Storage switch
    {
        StorageFormat.Float32 => AllFinite(parameter.Value),
        StorageFormat.Float16 => AllFinite(parameter.Packed, Exponent16),
        StorageFormat.BFloat16 => AllFinite(parameter.Packed, ExponentBrain),
        _ => true,
    };

    /// <summary>True when every element of a tensor's bytes is finite; of other types than floats each one is.</summary>
    /// <param name="type">Their type.</param>
    /// <param name="piece">Whole elements.</param>
    internal static bool AllFinite(TensorType type, ReadOnlySpan<byte> piece) => type switch
    {
        TensorType.F32 => AllFinite(MemoryMarshal.Cast<byte, float>(piece)),
        TensorType.F16 => AllFinite(MemoryMarshal.Cast<byte, ushort>(piece), Exponent16),
        TensorType.BF16 => AllFinite(MemoryMarshal.Cast<byte, ushort>(piece), ExponentBrain),
        _ => true,
    };

    /// <summary>True when every element is finite.</summary>
    /// <param name="values">Any number of elements.</param>
    public static bool AllFinite(NativeBuffer<float> values)
    {
        const int Piece = 1 << 16;
        for (long start = 0; start < values.Length; start += Piece)
        {
            if (!AllFinite(values.Slice(start, (int)Math.Min(Piece, values.Length - start))))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AllFinite(NativeBuffer<byte> halves, ushort exponent)
    {
        const int Piece = 1 << 16;
        for (long start = 0; start < halves.Length; start += Piece)
        {
            if (!AllFinite(MemoryMarshal.Cast<byte, ushort>(halves.Slice(start, (int)Math.Min(Piece, halves.Length - start))), exponent))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AllFinite(ReadOnlySpan<ushort> halves, ushort exponent)
    {
        foreach (ushort half in halves)
        {
            if ((half & exponent) == exponent)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True when every element is finite.</summary>
    /// <param name="values">Any number of elements.</param>
    public static bool AllFinite(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<int> bits = MemoryMarshal.Cast<float, int>(values);
        ReadOnlySpan<Vector<int>> vectors = MemoryMarshal.Cast<int, Vector<int>>(bits);
        var mask = new Vector<int>(Exponent);
        Vector<int> largest = Vector<int>.Zero;
        foreach (Vector<int> vector in vectors)
        {
            largest = Vector.Max(largest, vector & mask);
        }

        bool finite = !Vector.EqualsAny(largest, mask);
        foreach (int value in bits[(vectors.Length * Vector<int>.Count)..])
        {
            finite &= (value & Exponent) != Exponent;
        }

        return finite;
    }
}
