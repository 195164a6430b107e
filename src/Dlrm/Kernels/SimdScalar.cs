using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>One float: the portable path, and what the vector paths finish their tails with.</summary>
internal readonly unsafe struct SimdScalar : ISimd<SimdScalar>
{
    private readonly float _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private SimdScalar(float value) => _value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private SimdScalar(int bits) => _value = BitConverter.Int32BitsToSingle(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private SimdScalar(bool mask) => _value = BitConverter.Int32BitsToSingle(mask ? -1 : 0);

    public static int Lanes => 1;

    public static SimdScalar Zero => default;

    private int Bits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => BitConverter.SingleToInt32Bits(_value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator +(SimdScalar left, SimdScalar right)
        => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator -(SimdScalar left, SimdScalar right)
        => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator *(SimdScalar left, SimdScalar right)
        => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator /(SimdScalar left, SimdScalar right)
        => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator &(SimdScalar left, SimdScalar right)
        => new(left.Bits & right.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator |(SimdScalar left, SimdScalar right)
        => new(left.Bits | right.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator ^(SimdScalar left, SimdScalar right)
        => new(left.Bits ^ right.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Load(float* source)
        => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(SimdScalar value, float* destination)
        => *destination = value._value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Broadcast(float value)
        => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar BroadcastBits(int bits)
        => new(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Fma(SimdScalar a, SimdScalar b, SimdScalar c)
        => new(MathF.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Sqrt(SimdScalar value)
        => new(MathF.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Max(SimdScalar left, SimdScalar right)
        => left._value > right._value ? left : right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Min(SimdScalar left, SimdScalar right)
        => left._value < right._value ? left : right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar GreaterThan(SimdScalar left, SimdScalar right)
        => new(left._value > right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar LessThan(SimdScalar left, SimdScalar right)
        => new(left._value < right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar EqualTo(SimdScalar left, SimdScalar right)
        => new(left._value == right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Select(SimdScalar mask, SimdScalar ifSet, SimdScalar otherwise)
        => mask.Bits != 0 ? ifSet : otherwise;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar AddBits(SimdScalar left, SimdScalar right)
        => new(left.Bits + right.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar SubtractBits(SimdScalar left, SimdScalar right)
        => new(left.Bits - right.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar ShiftLeftBits(SimdScalar value, int count)
        => new(value.Bits << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar ShiftRightBits(SimdScalar value, int count)
        => new(value.Bits >> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar ShiftRightLogicalBits(SimdScalar value, int count)
        => new(value.Bits >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar MultiplyBits(SimdScalar left, SimdScalar right)
        => new(left.Bits * right.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar ConvertBits(SimdScalar value)
        => new((float)value.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(float* source, long sourceStride, float* destination, long destinationStride)
        => *destination = *source;
}
