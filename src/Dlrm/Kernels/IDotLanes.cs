using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>Registers of int32 sums to which products of four bytes with four signed bytes are added, exactly.</summary>
/// <typeparam name="TSelf">The implementing struct.</typeparam>
internal unsafe interface IDotLanes<TSelf>
    where TSelf : unmanaged, IDotLanes<TSelf>
{
    /// <summary>Sums in a register.</summary>
    static abstract int Lanes { get; }

    /// <summary>Four bytes a lane.</summary>
    static abstract TSelf Load(sbyte* source);

    /// <summary>The same four bytes in every lane.</summary>
    static abstract TSelf Broadcast(int bytes);

    /// <summary>Writes the sums.</summary>
    static abstract void Store(TSelf sums, int* destination);

    /// <summary>sum + Σ unsigned[i] · signed[i] over the four bytes of a lane; no step of it can overflow or saturate.</summary>
    static abstract TSelf Dot(TSelf sum, TSelf unsigned, TSelf signed);
}

/// <summary>One sum.</summary>
/// <param name="Value">It, or four bytes.</param>
internal readonly unsafe record struct DotScalar(int Value) : IDotLanes<DotScalar>
{
    public static int Lanes => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotScalar Load(sbyte* source) => new(*(int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotScalar Broadcast(int bytes) => new(bytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(DotScalar sums, int* destination) => *destination = sums.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotScalar Dot(DotScalar sum, DotScalar unsigned, DotScalar signed)
    {
        int u = unsigned.Value;
        int s = signed.Value;
        return new(sum.Value + ((byte)u * (sbyte)s) + ((byte)(u >> 8) * (sbyte)(s >> 8)) + ((byte)(u >> 16) * (sbyte)(s >> 16))
            + ((byte)(u >> 24) * (sbyte)(s >> 24)));
    }
}

/// <summary>4 sums.</summary>
/// <param name="Value">They, or 16 bytes.</param>
internal readonly unsafe record struct Dot128(Vector128<int> Value) : IDotLanes<Dot128>
{
    public static int Lanes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot128 Load(sbyte* source) => new(Vector128.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot128 Broadcast(int bytes) => new(Vector128.Create(bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Dot128 sums, int* destination) => sums.Value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot128 Dot(Dot128 sum, Dot128 unsigned, Dot128 signed)
    {
        Vector128<short> u = unsigned.Value.AsInt16();
        Vector128<short> s = signed.Value.AsInt16();
        if (Sse2.IsSupported)
        {
            // Bytes 0 and 2, then 1 and 3, widened in place: products of 8 and 9 bits fit, and so do sums of two.
            Vector128<int> even = Sse2.MultiplyAddAdjacent(u & Vector128.Create((short)0xFF), (s << 8) >> 8);
            Vector128<int> odd = Sse2.MultiplyAddAdjacent(u >>> 8, s >> 8);
            return new(sum.Value + even + odd);
        }

        Vector128<int> total = sum.Value;
        for (int shift = 0; shift < 32; shift += 8)
        {
            total += ((unsigned.Value >>> shift) & Vector128.Create(0xFF)) * ((signed.Value << (24 - shift)) >> 24);
        }

        return new(total);
    }
}

/// <summary>8 sums.</summary>
/// <param name="Value">They, or 32 bytes.</param>
internal readonly unsafe record struct Dot256(Vector256<int> Value) : IDotLanes<Dot256>
{
    public static int Lanes => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot256 Load(sbyte* source) => new(Vector256.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot256 Broadcast(int bytes) => new(Vector256.Create(bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Dot256 sums, int* destination) => sums.Value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot256 Dot(Dot256 sum, Dot256 unsigned, Dot256 signed)
    {
        if (AvxVnni.IsSupported)
        {
            return new(AvxVnni.MultiplyWideningAndAdd(sum.Value, unsigned.Value.AsByte(), signed.Value.AsSByte()));
        }

        Vector256<short> u = unsigned.Value.AsInt16();
        Vector256<short> s = signed.Value.AsInt16();
        Vector256<int> even = Avx2.MultiplyAddAdjacent(u & Vector256.Create((short)0xFF), (s << 8) >> 8);
        Vector256<int> odd = Avx2.MultiplyAddAdjacent(u >>> 8, s >> 8);
        return new(sum.Value + even + odd);
    }
}

/// <summary>16 sums.</summary>
/// <param name="Value">They, or 64 bytes.</param>
internal readonly unsafe record struct Dot512(Vector512<int> Value) : IDotLanes<Dot512>
{
    public static int Lanes => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot512 Load(sbyte* source) => new(Vector512.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot512 Broadcast(int bytes) => new(Vector512.Create(bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Dot512 sums, int* destination) => sums.Value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot512 Dot(Dot512 sum, Dot512 unsigned, Dot512 signed)
    {
        Vector512<short> u = unsigned.Value.AsInt16();
        Vector512<short> s = signed.Value.AsInt16();
        Vector512<int> even = Avx512BW.MultiplyAddAdjacent(u & Vector512.Create((short)0xFF), (s << 8) >> 8);
        Vector512<int> odd = Avx512BW.MultiplyAddAdjacent(u >>> 8, s >> 8);
        return new(sum.Value + even + odd);
    }
}
