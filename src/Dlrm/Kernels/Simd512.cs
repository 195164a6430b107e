using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>16 floats in an AVX-512 register.</summary>
internal readonly unsafe struct Simd512 : ISimd<Simd512>
{
    private readonly Vector512<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Simd512(Vector512<float> value) => _value = value;

    public static int Lanes => 16;

    public static Simd512 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector512<float>.Zero);
    }

    private Vector512<int> Bits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _value.AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator +(Simd512 left, Simd512 right)
        => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator -(Simd512 left, Simd512 right)
        => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator *(Simd512 left, Simd512 right)
        => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator /(Simd512 left, Simd512 right)
        => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator &(Simd512 left, Simd512 right)
        => new(left._value & right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator |(Simd512 left, Simd512 right)
        => new(left._value | right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator ^(Simd512 left, Simd512 right)
        => new(left._value ^ right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Load(float* source)
        => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd512 value, float* destination)
        => value._value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Broadcast(float value)
        => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 BroadcastBits(int bits)
        => new(Vector512.Create(bits).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Fma(Simd512 a, Simd512 b, Simd512 c)
        => new(Vector512.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Sqrt(Simd512 value)
        => new(Vector512.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Max(Simd512 left, Simd512 right)
        => new(Avx512F.Max(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Min(Simd512 left, Simd512 right)
        => new(Avx512F.Min(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 GreaterThan(Simd512 left, Simd512 right)
        => new(Vector512.GreaterThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 LessThan(Simd512 left, Simd512 right)
        => new(Vector512.LessThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 EqualTo(Simd512 left, Simd512 right)
        => new(Vector512.Equals(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Select(Simd512 mask, Simd512 ifSet, Simd512 otherwise)
        => new(Vector512.ConditionalSelect(mask._value, ifSet._value, otherwise._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 AddBits(Simd512 left, Simd512 right)
        => new((left.Bits + right.Bits).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 SubtractBits(Simd512 left, Simd512 right)
        => new((left.Bits - right.Bits).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 ShiftLeftBits(Simd512 value, int count)
        => new((value.Bits << count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 ShiftRightBits(Simd512 value, int count)
        => new((value.Bits >> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 ConvertBits(Simd512 value)
        => new(Vector512.ConvertToSingle(value.Bits));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, long sourceStride, float* destination, long destinationStride)
    {
        // Four passes: 2 × 2 and 4 × 4 blocks inside the 128-bit lanes, then the lanes themselves, by pairs and halves.
        Vector512<float>* rows = stackalloc Vector512<float>[16];
        for (int group = 0; group < 4; group++)
        {
            float* first = source + (group * 4 * sourceStride);
            Vector512<float> row0 = Vector512.Load(first);
            Vector512<float> row1 = Vector512.Load(first + sourceStride);
            Vector512<float> row2 = Vector512.Load(first + (2 * sourceStride));
            Vector512<float> row3 = Vector512.Load(first + (3 * sourceStride));
            Vector512<double> low01 = Avx512F.UnpackLow(row0, row1).AsDouble();
            Vector512<double> high01 = Avx512F.UnpackHigh(row0, row1).AsDouble();
            Vector512<double> low23 = Avx512F.UnpackLow(row2, row3).AsDouble();
            Vector512<double> high23 = Avx512F.UnpackHigh(row2, row3).AsDouble();
            rows[group] = Avx512F.UnpackLow(low01, low23).AsSingle();
            rows[4 + group] = Avx512F.UnpackHigh(low01, low23).AsSingle();
            rows[8 + group] = Avx512F.UnpackLow(high01, high23).AsSingle();
            rows[12 + group] = Avx512F.UnpackHigh(high01, high23).AsSingle();
        }

        // rows[4 · c + g]: in its lane l, column 4 · l + c of rows 4 · g … 4 · g + 3.
        for (int column = 0; column < 4; column++)
        {
            Vector512<float>* four = rows + (4 * column);
            Vector512<float> even01 = Avx512F.Shuffle4x128(four[0], four[1], 0b10_00_10_00);
            Vector512<float> odd01 = Avx512F.Shuffle4x128(four[0], four[1], 0b11_01_11_01);
            Vector512<float> even23 = Avx512F.Shuffle4x128(four[2], four[3], 0b10_00_10_00);
            Vector512<float> odd23 = Avx512F.Shuffle4x128(four[2], four[3], 0b11_01_11_01);
            float* first = destination + (column * destinationStride);
            Avx512F.Shuffle4x128(even01, even23, 0b10_00_10_00).Store(first);
            Avx512F.Shuffle4x128(odd01, odd23, 0b10_00_10_00).Store(first + (4 * destinationStride));
            Avx512F.Shuffle4x128(even01, even23, 0b11_01_11_01).Store(first + (8 * destinationStride));
            Avx512F.Shuffle4x128(odd01, odd23, 0b11_01_11_01).Store(first + (12 * destinationStride));
        }
    }
}
