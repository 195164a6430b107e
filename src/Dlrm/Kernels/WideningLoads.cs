using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>Small integers in memory to and from the lanes of a register.</summary>
/// <remarks>
/// Which of the branches is taken follows from TSimd alone, so compiled code has none. Every conversion is exact, so all
/// widths give the same bits. Nothing is read or written beyond <c>Lanes</c> elements.
/// </remarks>
internal static unsafe class WideningLoads
{
    /// <summary>Lanes of unsigned bytes, as floats.</summary>
    /// <typeparam name="TSimd">The register.</typeparam>
    /// <param name="source">Lanes bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Bytes<TSimd>(byte* source)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        if (TSimd.Lanes == 16)
        {
            return Cast<TSimd>(Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(source))));
        }

        if (TSimd.Lanes == 8)
        {
            return Cast<TSimd>(Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(*(ulong*)source).AsByte())));
        }

        return TSimd.Lanes == 4 ? FourBytes<TSimd>(*(uint*)source) : TSimd.Broadcast(*source);
    }

    /// <summary>Lanes of four bits, the lower half of a byte first, as floats.</summary>
    /// <typeparam name="TSimd">The register; not for one lane, which has no whole byte.</typeparam>
    /// <param name="source">Lanes / 2 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Nibbles<TSimd>(byte* source)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        if (TSimd.Lanes == 16)
        {
            Vector128<byte> pairs16 = Vector128.CreateScalarUnsafe(*(ulong*)source).AsByte();
            Vector512<int> twice = Avx512F.ConvertToVector512Int32(Sse2.UnpackLow(pairs16, pairs16));
            Vector512<uint> shifts = Vector512.Create(0x0000000400000000UL).AsUInt32();
            return Cast<TSimd>(Vector512.ConvertToSingle(
                Avx512F.ShiftRightLogicalVariable(twice, shifts) & Vector512.Create(0xF)));
        }

        if (TSimd.Lanes == 8)
        {
            Vector128<byte> pairs8 = Vector128.CreateScalarUnsafe(*(uint*)source).AsByte();
            Vector256<int> twice = Avx2.ConvertToVector256Int32(Sse2.UnpackLow(pairs8, pairs8));
            Vector256<uint> shifts = Vector256.Create(0x0000000400000000UL).AsUInt32();
            return Cast<TSimd>(Vector256.ConvertToSingle(
                Avx2.ShiftRightLogicalVariable(twice, shifts) & Vector256.Create(0xF)));
        }

        uint pairs = *(ushort*)source;
        return FourBytes<TSimd>((pairs & 0xF) | ((pairs & 0xF0) << 4) | ((pairs & 0xF00) << 8) | ((pairs & 0xF000) << 12));
    }

    /// <summary>Lanes of 16 bits, each in the lower half of a lane, the upper half zero.</summary>
    /// <typeparam name="TSimd">The register.</typeparam>
    /// <param name="source">Lanes words.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Words<TSimd>(ushort* source)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        if (TSimd.Lanes == 16)
        {
            return Cast<TSimd>(Avx512F.ConvertToVector512Int32(Vector256.Load(source)).AsSingle());
        }

        if (TSimd.Lanes == 8)
        {
            return Cast<TSimd>(Avx2.ConvertToVector256Int32(Vector128.Load(source)).AsSingle());
        }

        return TSimd.Lanes == 4
            ? Cast<TSimd>(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsUInt16()).AsSingle())
            : TSimd.BroadcastBits(*source);
    }

    /// <summary>Writes the lower 16 bits of every lane.</summary>
    /// <typeparam name="TSimd">The register.</typeparam>
    /// <param name="value">Upper halves are left out.</param>
    /// <param name="destination">Lanes words.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreWords<TSimd>(TSimd value, ushort* destination)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        if (TSimd.Lanes == 16)
        {
            Avx512F.ConvertToVector256UInt16(Unsafe.BitCast<TSimd, Vector512<uint>>(value)).Store(destination);
        }
        else if (TSimd.Lanes == 8)
        {
            var lanes = Unsafe.BitCast<TSimd, Vector256<uint>>(value);
            Vector128.Narrow(lanes.GetLower(), lanes.GetUpper()).Store(destination);
        }
        else if (TSimd.Lanes == 4)
        {
            var lanes = Unsafe.BitCast<TSimd, Vector128<uint>>(value);
            *(ulong*)destination = Vector128.Narrow(lanes, lanes).AsUInt64().ToScalar();
        }
        else
        {
            *destination = (ushort)Unsafe.BitCast<TSimd, uint>(value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd FourBytes<TSimd>(uint bytes)
        where TSimd : unmanaged, ISimd<TSimd>
        => Cast<TSimd>(Vector128.ConvertToSingle(
            Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(bytes).AsByte())).AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd Cast<TSimd>(Vector512<float> value)
        where TSimd : unmanaged, ISimd<TSimd>
        => Unsafe.BitCast<Vector512<float>, TSimd>(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd Cast<TSimd>(Vector256<float> value)
        where TSimd : unmanaged, ISimd<TSimd>
        => Unsafe.BitCast<Vector256<float>, TSimd>(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd Cast<TSimd>(Vector128<float> value)
        where TSimd : unmanaged, ISimd<TSimd>
        => Unsafe.BitCast<Vector128<float>, TSimd>(value);
}
