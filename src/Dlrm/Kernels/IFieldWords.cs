using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>
/// A register of 64-bit words, each with the last eight bytes of a field, so that fields are read side by side and the code
/// is written once.
/// </summary>
/// <typeparam name="TSelf">The implementing struct.</typeparam>
internal unsafe interface IFieldWords<TSelf>
    where TSelf : unmanaged, IFieldWords<TSelf>
{
    /// <summary>Words in a register: 1, 2, 4 or 8.</summary>
    static abstract int Lanes { get; }

    /// <summary>Lane-wise sum, wrapping.</summary>
    static abstract TSelf operator +(TSelf left, TSelf right);

    /// <summary>Lane-wise difference, wrapping.</summary>
    static abstract TSelf operator -(TSelf left, TSelf right);

    /// <summary>Bitwise and.</summary>
    static abstract TSelf operator &(TSelf left, TSelf right);

    /// <summary>Bitwise or.</summary>
    static abstract TSelf operator |(TSelf left, TSelf right);

    /// <summary>Bitwise exclusive or.</summary>
    static abstract TSelf operator ^(TSelf left, TSelf right);

    /// <summary>Bitwise complement.</summary>
    static abstract TSelf operator ~(TSelf value);

    /// <summary>Shifts every lane left by 0 to 63 bits.</summary>
    static abstract TSelf operator <<(TSelf value, int bits);

    /// <summary>Shifts every lane right by 0 to 63 bits, zeros in front.</summary>
    static abstract TSelf operator >>>(TSelf value, int bits);

    /// <summary>The same word in every lane.</summary>
    static abstract TSelf Broadcast(ulong value);

    /// <summary>The eight bytes before each of <see cref="Lanes"/> places, the first byte lowest.</summary>
    static abstract TSelf LoadBefore(byte* text, int* places);

    /// <summary><see cref="Lanes"/> whole numbers, with their signs.</summary>
    static abstract TSelf Widen(int* values);

    /// <summary>All bits set from bit <paramref name="bits"/> on, in each lane; none where it is 64 or more, or negative.</summary>
    static abstract TSelf OnesFrom(TSelf bits);

    /// <summary>Writes the lower half of each lane.</summary>
    static abstract void StoreLow(TSelf value, uint* target);

    /// <summary>Whether any bit of any lane is set.</summary>
    static abstract bool Any(TSelf value);
}

/// <summary>Eight words: AVX-512.</summary>
internal readonly unsafe struct FieldWords512(Vector512<ulong> value) : IFieldWords<FieldWords512>
{
    private readonly Vector512<ulong> _value = value;

    /// <inheritdoc/>
    public static int Lanes => 8;

    /// <inheritdoc/>
    public static FieldWords512 operator +(FieldWords512 left, FieldWords512 right) => new(left._value + right._value);

    /// <inheritdoc/>
    public static FieldWords512 operator -(FieldWords512 left, FieldWords512 right) => new(left._value - right._value);

    /// <inheritdoc/>
    public static FieldWords512 operator &(FieldWords512 left, FieldWords512 right) => new(left._value & right._value);

    /// <inheritdoc/>
    public static FieldWords512 operator |(FieldWords512 left, FieldWords512 right) => new(left._value | right._value);

    /// <inheritdoc/>
    public static FieldWords512 operator ^(FieldWords512 left, FieldWords512 right) => new(left._value ^ right._value);

    /// <inheritdoc/>
    public static FieldWords512 operator ~(FieldWords512 value) => new(~value._value);

    /// <inheritdoc/>
    public static FieldWords512 operator <<(FieldWords512 value, int bits) => new(value._value << bits);

    /// <inheritdoc/>
    public static FieldWords512 operator >>>(FieldWords512 value, int bits) => new(value._value >>> bits);

    /// <inheritdoc/>
    public static FieldWords512 Broadcast(ulong value) => new(Vector512.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FieldWords512 LoadBefore(byte* text, int* places)
    {
        byte* bytes = text - sizeof(ulong);
        return new(Vector512.Create(
            *(ulong*)(bytes + places[0]), *(ulong*)(bytes + places[1]), *(ulong*)(bytes + places[2]), *(ulong*)(bytes + places[3]),
            *(ulong*)(bytes + places[4]), *(ulong*)(bytes + places[5]), *(ulong*)(bytes + places[6]), *(ulong*)(bytes + places[7])));
    }

    /// <inheritdoc/>
    public static FieldWords512 Widen(int* values) => new(Avx512F.ConvertToVector512Int64(Vector256.Load(values)).AsUInt64());

    /// <inheritdoc/>
    public static FieldWords512 OnesFrom(FieldWords512 bits) =>
        new(Avx512F.ShiftLeftLogicalVariable(Vector512<ulong>.AllBitsSet, bits._value));

    /// <inheritdoc/>
    public static void StoreLow(FieldWords512 value, uint* target) => Avx512F.ConvertToVector256UInt32(value._value).Store(target);

    /// <inheritdoc/>
    public static bool Any(FieldWords512 value) => value._value != Vector512<ulong>.Zero;
}

/// <summary>Four words: AVX2.</summary>
internal readonly unsafe struct FieldWords256(Vector256<ulong> value) : IFieldWords<FieldWords256>
{
    private readonly Vector256<ulong> _value = value;

    /// <inheritdoc/>
    public static int Lanes => 4;

    /// <inheritdoc/>
    public static FieldWords256 operator +(FieldWords256 left, FieldWords256 right) => new(left._value + right._value);

    /// <inheritdoc/>
    public static FieldWords256 operator -(FieldWords256 left, FieldWords256 right) => new(left._value - right._value);

    /// <inheritdoc/>
    public static FieldWords256 operator &(FieldWords256 left, FieldWords256 right) => new(left._value & right._value);

    /// <inheritdoc/>
    public static FieldWords256 operator |(FieldWords256 left, FieldWords256 right) => new(left._value | right._value);

    /// <inheritdoc/>
    public static FieldWords256 operator ^(FieldWords256 left, FieldWords256 right) => new(left._value ^ right._value);

    /// <inheritdoc/>
    public static FieldWords256 operator ~(FieldWords256 value) => new(~value._value);

    /// <inheritdoc/>
    public static FieldWords256 operator <<(FieldWords256 value, int bits) => new(value._value << bits);

    /// <inheritdoc/>
    public static FieldWords256 operator >>>(FieldWords256 value, int bits) => new(value._value >>> bits);

    /// <inheritdoc/>
    public static FieldWords256 Broadcast(ulong value) => new(Vector256.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FieldWords256 LoadBefore(byte* text, int* places)
    {
        byte* bytes = text - sizeof(ulong);
        return new(Vector256.Create(
            *(ulong*)(bytes + places[0]), *(ulong*)(bytes + places[1]), *(ulong*)(bytes + places[2]), *(ulong*)(bytes + places[3])));
    }

    /// <inheritdoc/>
    public static FieldWords256 Widen(int* values) => new(Avx2.ConvertToVector256Int64(Vector128.Load(values)).AsUInt64());

    /// <inheritdoc/>
    public static FieldWords256 OnesFrom(FieldWords256 bits) =>
        new(Avx2.ShiftLeftLogicalVariable(Vector256<ulong>.AllBitsSet, bits._value));

    /// <inheritdoc/>
    public static void StoreLow(FieldWords256 value, uint* target) => Vector128.Narrow(value._value.GetLower(), value._value.GetUpper()).Store(target);

    /// <inheritdoc/>
    public static bool Any(FieldWords256 value) => value._value != Vector256<ulong>.Zero;
}

/// <summary>Two words: any 128-bit vectors.</summary>
internal readonly unsafe struct FieldWords128(Vector128<ulong> value) : IFieldWords<FieldWords128>
{
    private readonly Vector128<ulong> _value = value;

    /// <inheritdoc/>
    public static int Lanes => 2;

    /// <inheritdoc/>
    public static FieldWords128 operator +(FieldWords128 left, FieldWords128 right) => new(left._value + right._value);

    /// <inheritdoc/>
    public static FieldWords128 operator -(FieldWords128 left, FieldWords128 right) => new(left._value - right._value);

    /// <inheritdoc/>
    public static FieldWords128 operator &(FieldWords128 left, FieldWords128 right) => new(left._value & right._value);

    /// <inheritdoc/>
    public static FieldWords128 operator |(FieldWords128 left, FieldWords128 right) => new(left._value | right._value);

    /// <inheritdoc/>
    public static FieldWords128 operator ^(FieldWords128 left, FieldWords128 right) => new(left._value ^ right._value);

    /// <inheritdoc/>
    public static FieldWords128 operator ~(FieldWords128 value) => new(~value._value);

    /// <inheritdoc/>
    public static FieldWords128 operator <<(FieldWords128 value, int bits) => new(value._value << bits);

    /// <inheritdoc/>
    public static FieldWords128 operator >>>(FieldWords128 value, int bits) => new(value._value >>> bits);

    /// <inheritdoc/>
    public static FieldWords128 Broadcast(ulong value) => new(Vector128.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FieldWords128 LoadBefore(byte* text, int* places)
    {
        byte* bytes = text - sizeof(ulong);
        return new(Vector128.Create(*(ulong*)(bytes + places[0]), *(ulong*)(bytes + places[1])));
    }

    /// <inheritdoc/>
    public static FieldWords128 Widen(int* values) => new(Vector128.Create((ulong)(long)values[0], (ulong)(long)values[1]));

    /// <inheritdoc/>
    public static FieldWords128 OnesFrom(FieldWords128 bits) => new(Vector128.Create(
        FieldWordsScalar.Ones(bits._value.GetElement(0)), FieldWordsScalar.Ones(bits._value.GetElement(1))));

    /// <inheritdoc/>
    public static void StoreLow(FieldWords128 value, uint* target)
    {
        target[0] = (uint)value._value.GetElement(0);
        target[1] = (uint)value._value.GetElement(1);
    }

    /// <inheritdoc/>
    public static bool Any(FieldWords128 value) => value._value != Vector128<ulong>.Zero;
}

/// <summary>One word, any machine.</summary>
internal readonly unsafe struct FieldWordsScalar(ulong value) : IFieldWords<FieldWordsScalar>
{
    private readonly ulong _value = value;

    /// <inheritdoc/>
    public static int Lanes => 1;

    /// <inheritdoc/>
    public static FieldWordsScalar operator +(FieldWordsScalar left, FieldWordsScalar right) => new(left._value + right._value);

    /// <inheritdoc/>
    public static FieldWordsScalar operator -(FieldWordsScalar left, FieldWordsScalar right) => new(left._value - right._value);

    /// <inheritdoc/>
    public static FieldWordsScalar operator &(FieldWordsScalar left, FieldWordsScalar right) => new(left._value & right._value);

    /// <inheritdoc/>
    public static FieldWordsScalar operator |(FieldWordsScalar left, FieldWordsScalar right) => new(left._value | right._value);

    /// <inheritdoc/>
    public static FieldWordsScalar operator ^(FieldWordsScalar left, FieldWordsScalar right) => new(left._value ^ right._value);

    /// <inheritdoc/>
    public static FieldWordsScalar operator ~(FieldWordsScalar value) => new(~value._value);

    /// <inheritdoc/>
    public static FieldWordsScalar operator <<(FieldWordsScalar value, int bits) => new(value._value << bits);

    /// <inheritdoc/>
    public static FieldWordsScalar operator >>>(FieldWordsScalar value, int bits) => new(value._value >>> bits);

    /// <inheritdoc/>
    public static FieldWordsScalar Broadcast(ulong value) => new(value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FieldWordsScalar LoadBefore(byte* text, int* places) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(text + places[0] - sizeof(ulong), sizeof(ulong))));

    /// <inheritdoc/>
    public static FieldWordsScalar Widen(int* values) => new((ulong)(long)values[0]);

    /// <inheritdoc/>
    public static FieldWordsScalar OnesFrom(FieldWordsScalar bits) => new(Ones(bits._value));

    /// <inheritdoc/>
    public static void StoreLow(FieldWordsScalar value, uint* target) => *target = (uint)value._value;

    /// <inheritdoc/>
    public static bool Any(FieldWordsScalar value) => value._value != 0;

    /// <summary>All bits from one on; none from the 64th on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Ones(ulong bits) => bits < 64 ? ulong.MaxValue << (int)bits : 0;
}
