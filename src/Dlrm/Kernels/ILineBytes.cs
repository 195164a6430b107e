using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Dlrm.Kernels;

/// <summary>How 64 bytes are compared with one, by the width of the registers.</summary>
internal unsafe interface ILineBytes
{
    /// <summary>Bit i is set where byte i equals <paramref name="value"/> or <paramref name="other"/>.</summary>
    /// <param name="bytes">64 bytes, of any alignment.</param>
    /// <param name="value">What to look for.</param>
    /// <param name="other">What else.</param>
    static abstract ulong Equal(byte* bytes, byte value, byte other);
}

/// <summary>One register of 512 bits.</summary>
internal readonly unsafe struct LineBytes512 : ILineBytes
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Equal(byte* bytes, byte value, byte other)
    {
        Vector512<byte> read = Vector512.Load(bytes);
        return (Vector512.Equals(read, Vector512.Create(value)) | Vector512.Equals(read, Vector512.Create(other))).ExtractMostSignificantBits();
    }
}

/// <summary>Two registers of 256 bits.</summary>
internal readonly unsafe struct LineBytes256 : ILineBytes
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Equal(byte* bytes, byte value, byte other)
    {
        return Half(bytes, value, other) | ((ulong)Half(bytes + 32, value, other) << 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Half(byte* bytes, byte value, byte other)
    {
        Vector256<byte> read = Vector256.Load(bytes);
        return (Vector256.Equals(read, Vector256.Create(value)) | Vector256.Equals(read, Vector256.Create(other))).ExtractMostSignificantBits();
    }
}

/// <summary>Four registers of 128 bits.</summary>
internal readonly unsafe struct LineBytes128 : ILineBytes
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Equal(byte* bytes, byte value, byte other)
    {
        uint low = Quarter(bytes, value, other) | (Quarter(bytes + 16, value, other) << 16);
        uint high = Quarter(bytes + 32, value, other) | (Quarter(bytes + 48, value, other) << 16);
        return low | ((ulong)high << 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Quarter(byte* bytes, byte value, byte other)
    {
        Vector128<byte> read = Vector128.Load(bytes);
        return (Vector128.Equals(read, Vector128.Create(value)) | Vector128.Equals(read, Vector128.Create(other))).ExtractMostSignificantBits();
    }
}

/// <summary>Eight words of 64 bits.</summary>
internal readonly unsafe struct LineBytesScalar : ILineBytes
{
    private const ulong EachByte = 0x0101010101010101;
    private const ulong LowBits = 0x7f7f7f7f7f7f7f7f;

    /// <summary>Its product with one bit a byte has these bits, first byte first, in the highest byte.</summary>
    private const ulong Gather = 0x0102040810204080;

    /// <inheritdoc/>
    public static ulong Equal(byte* bytes, byte value, byte other)
    {
        ulong found = 0;
        for (int word = 0; word < 8; word++)
        {
            ulong read = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(bytes + (8 * word), 8));
            ulong same = Same(read ^ (EachByte * value)) | Same(read ^ (EachByte * other));
            found |= ((same * Gather) >> 56) << (8 * word);
        }

        return found;
    }

    /// <summary>The lowest bit of each byte that is 0: the high bit is set where any other is, and no carry crosses a byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Same(ulong difference) => ~(((difference & LowBits) + LowBits) | difference | LowBits) >> 7;
}
