using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>Reads short numbers between separators whose places are known: decimal or hexadecimal, up to eight digits each.</summary>
/// <remarks>
/// Each field's last eight bytes are one word; what belongs to fields before is masked, and digits are put together in
/// halves, pairs first. Whole numbers only, the same with every instruction set.
/// </remarks>
internal abstract class FieldKernel
{
    /// <summary>What an empty decimal field gives.</summary>
    public const int Missing = int.MinValue;

    private static readonly FieldKernel[] Kernels =
    [
        new FieldKernel<FieldWordsScalar>(),
        new FieldKernel<FieldWords128>(),
        new FieldKernel<FieldWords256>(),
        new FieldKernel<FieldWords512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static FieldKernel For(InstructionSet set) => Kernels[(int)set];

    /// <summary>Reads decimal fields without signs.</summary>
    /// <param name="text">Has eight bytes or more before the end of the first field.</param>
    /// <param name="ends">
    /// (N + 1), N 8 or more: field i lies between separators i and i + 1. Ascending, within <paramref name="text"/>.
    /// </param>
    /// <param name="values">(N): the numbers, <see cref="Missing"/> for empty fields.</param>
    /// <returns>False, and no meaning, when a field has more than eight bytes or one that is no digit.</returns>
    /// <exception cref="ArgumentException">Lengths do not fit, or a field's end lies outside the text.</exception>
    public abstract bool Decimal(ReadOnlySpan<byte> text, ReadOnlySpan<int> ends, Span<int> values);

    /// <summary>Reads hexadecimal fields of either case.</summary>
    /// <param name="text">Has eight bytes or more before the end of the first field.</param>
    /// <param name="ends">As for <see cref="Decimal"/>.</param>
    /// <param name="values">(N): the numbers, 0 for empty fields.</param>
    /// <returns>False, and no meaning, when a field has more than eight bytes or one that is no digit.</returns>
    /// <exception cref="ArgumentException">Lengths do not fit, or a field's end lies outside the text.</exception>
    public abstract bool Hexadecimal(ReadOnlySpan<byte> text, ReadOnlySpan<int> ends, Span<uint> values);
}

/// <summary><see cref="FieldKernel"/> with one kind of register.</summary>
/// <typeparam name="T">The register.</typeparam>
internal sealed unsafe class FieldKernel<T> : FieldKernel
    where T : unmanaged, IFieldWords<T>
{
    private const ulong EachByte = 0x0101010101010101;
    private const ulong HighBits = 0x8080808080808080;

    private static T SevenBits => T.Broadcast(~HighBits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool Decimal(ReadOnlySpan<byte> text, ReadOnlySpan<int> ends, Span<int> values)
    {
        Check(text.Length, ends, values.Length);
        T wrong = T.Broadcast(0);
        fixed (byte* bytes = text)
        fixed (int* places = ends)
        fixed (int* target = values)
        {
            // The last group begins where it is whole: some fields are read twice.
            for (int first = 0; first < values.Length; first += T.Lanes)
            {
                int field = Math.Min(first, values.Length - T.Lanes);
                T bits = BitsBefore(places + field);
                T own = T.OnesFrom(bits);
                T digits = T.LoadBefore(bytes, places + field + 1) ^ T.Broadcast(EachByte * '0');

                // The high bit of a byte is set where it is no decimal digit; bytes above 127 keep their own high bit.
                T other = ((digits & SevenBits) + T.Broadcast(EachByte * 0x76)) | digits;
                wrong |= (other & own) | bits;

                // Ten, a hundred and ten thousand times the digits before, plus those behind.
                digits &= own;
                T pairs = ((digits << 3) + (digits << 1) + (digits >>> 8)) & T.Broadcast(0x00ff00ff00ff00ff);
                T fours = ((pairs << 6) + (pairs << 5) + (pairs << 2) + (pairs >>> 16)) & T.Broadcast(0x0000ffff0000ffff);
                T whole = (fours << 13) + (fours << 10) + (fours << 9) + (fours << 8) + (fours << 4) + (fours >>> 32);

                // Of an empty field, all 64 bits belong to others: bit 6, and no bit of its digits.
                T.StoreLow(whole | ((bits & T.Broadcast(64)) << 25), (uint*)target + field);
            }
        }

        return !T.Any(wrong & T.Broadcast(HighBits));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool Hexadecimal(ReadOnlySpan<byte> text, ReadOnlySpan<int> ends, Span<uint> values)
    {
        Check(text.Length, ends, values.Length);
        T wrong = T.Broadcast(0);
        fixed (byte* bytes = text)
        fixed (int* places = ends)
        fixed (uint* target = values)
        {
            for (int first = 0; first < values.Length; first += T.Lanes)
            {
                int field = Math.Min(first, values.Length - T.Lanes);
                T bits = BitsBefore(places + field);
                T own = T.OnesFrom(bits);
                T read = T.LoadBefore(bytes, places + field + 1);
                T low = read & SevenBits;
                T digit = low ^ T.Broadcast(EachByte * '0');
                T letter = (low | T.Broadcast(EachByte * 0x20)) ^ T.Broadcast(EachByte * 0x60);
                T isDigit = ~(digit + T.Broadcast(EachByte * 0x76));
                T isLetter = (letter + T.Broadcast(EachByte * 0x7f)) & ~(letter + T.Broadcast(EachByte * 0x79));
                wrong |= ((~(isDigit | isLetter) | read) & own) | bits;

                // Letters have bit 6 set and count from 1; digits have not and count from 0.
                read &= own;
                T letters = (read >>> 6) & T.Broadcast(EachByte);
                T halves = (read & T.Broadcast(EachByte * 0xf)) + (letters << 3) + letters;
                T pairs = ((halves << 4) | (halves >>> 8)) & T.Broadcast(0x00ff00ff00ff00ff);
                T fours = ((pairs << 8) | (pairs >>> 16)) & T.Broadcast(0x0000ffff0000ffff);
                T.StoreLow((fours << 16) | (fours >>> 32), target + field);
            }
        }

        return !T.Any(wrong & T.Broadcast(HighBits));
    }

    /// <summary>Bits of each word that come before its field: from 64 for an empty one to 0; negative for one that is too long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T BitsBefore(int* ends) =>
        T.Broadcast(72) - ((T.Widen(ends + 1) - T.Widen(ends)) << 3);

    private static void Check(int length, ReadOnlySpan<int> ends, int values)
    {
        if (values < 8 || ends.Length != values + 1 || ends[1] < sizeof(ulong) || ends[^1] > length)
        {
            throw new ArgumentException($"{ends.Length} separators for {values} fields, from {ends[0]} to {ends[^1]}, in {length} bytes.", nameof(ends));
        }
    }
}
