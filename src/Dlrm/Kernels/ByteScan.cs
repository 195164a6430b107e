using System.Numerics;
using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>Finds every place of a byte in a text: separators and line ends, before anything is read between them.</summary>
/// <remarks>
/// So that a parser need not learn where a field ends from the field itself: no read waits for the one before. Whole
/// numbers only, the same with every instruction set.
/// </remarks>
internal abstract class ByteScan
{
    /// <summary>Places are written eight at a time: so many elements behind the last one may be overwritten.</summary>
    public const int Slack = 8;

    private static readonly ByteScan[] Kernels =
    [
        new ByteScan<LineBytesScalar>(),
        new ByteScan<LineBytes128>(),
        new ByteScan<LineBytes256>(),
        new ByteScan<LineBytes512>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static ByteScan For(InstructionSet set) => Kernels[(int)set];

    /// <summary>Writes the places of two bytes, ascending.</summary>
    /// <param name="text">(N).</param>
    /// <param name="value">One byte.</param>
    /// <param name="other">The other one; may be the same.</param>
    /// <param name="places">(N + <see cref="Slack"/>) or more; those behind the places found lose their contents.</param>
    /// <returns>How many there are.</returns>
    /// <exception cref="ArgumentException"><paramref name="places"/> is too short.</exception>
    public abstract int Places(ReadOnlySpan<byte> text, byte value, byte other, Span<int> places);
}

/// <summary><see cref="ByteScan"/> with one kind of register.</summary>
/// <typeparam name="TBytes">How 64 bytes are compared.</typeparam>
internal sealed unsafe class ByteScan<TBytes> : ByteScan
    where TBytes : struct, ILineBytes
{
    private const int Line = 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int Places(ReadOnlySpan<byte> text, byte value, byte other, Span<int> places)
    {
        if (places.Length < text.Length + Slack)
        {
            throw new ArgumentException($"{places.Length} places; {text.Length} bytes need room for {text.Length + Slack}.", nameof(places));
        }

        int count = 0;
        int at = 0;
        fixed (byte* bytes = text)
        fixed (int* target = places)
        {
            for (; at + Line <= text.Length; at += Line)
            {
                ulong found = TBytes.Equal(bytes + at, value, other);
                int end = count + BitOperations.PopCount(found);

                // Eight at a time whether there are as many or not: one branch a group, not one a place.
                for (; count < end; count += 8)
                {
                    int* group = target + count;
                    group[0] = at + Lowest(ref found);
                    group[1] = at + Lowest(ref found);
                    group[2] = at + Lowest(ref found);
                    group[3] = at + Lowest(ref found);
                    group[4] = at + Lowest(ref found);
                    group[5] = at + Lowest(ref found);
                    group[6] = at + Lowest(ref found);
                    group[7] = at + Lowest(ref found);
                }

                count = end;
            }
        }

        for (; at < text.Length; at++)
        {
            places[count] = at;
            count += text[at] == value || text[at] == other ? 1 : 0;
        }

        return count;
    }

    /// <summary>The place of the lowest bit that is set, which is cleared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Lowest(ref ulong bits)
    {
        int place = BitOperations.TrailingZeroCount(bits);
        bits &= bits - 1;
        return place;
    }
}
