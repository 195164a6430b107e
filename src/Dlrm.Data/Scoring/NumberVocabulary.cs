using System.Buffers.Text;
using System.Numerics;

namespace Dlrm.Data.Scoring;

/// <summary>Whole numbers below 2³² to their indices: what a vocabulary of hashes or numbers is when it is only looked up.</summary>
/// <remarks>
/// Open addressing with linear probing; a slot is eight bytes, the number and its index plus one, so that a look-up costs
/// one cache line, where text costs three. At most one slot in two is taken.
/// </remarks>
internal sealed class NumberVocabulary
{
    /// <summary>2⁶⁴ over the golden ratio: its products spread numbers that follow each other.</summary>
    private const ulong Golden = 0x9e3779b97f4a7c15;

    private readonly ulong[] _slots;
    private readonly int _shift;

    /// <summary>Numbers with the indices 0, 1, ….</summary>
    public NumberVocabulary(ReadOnlySpan<uint> numbers)
    {
        int bits = Math.Max(4, BitOperations.Log2((uint)Math.Max(1, numbers.Length)) + 2);
        _slots = new ulong[1 << bits];
        _shift = 64 - bits;
        for (int index = 0; index < numbers.Length; index++)
        {
            int slot = SlotOf(numbers[index]);
            if (_slots[slot] == 0)
            {
                _slots[slot] = ((ulong)(uint)(index + 1) << 32) | numbers[index];
            }
        }
    }

    /// <summary>The index of a number, −1 when it has none.</summary>
    public int Find(uint number) => (int)(_slots[SlotOf(number)] >> 32) - 1;

    /// <summary>The number of an index; null when it has none. It is searched for.</summary>
    public uint? NumberAt(int index)
    {
        foreach (ulong entry in _slots)
        {
            if ((int)(entry >> 32) == index + 1)
            {
                return (uint)entry;
            }
        }

        return null;
    }

    /// <summary>Reads eight hexadecimal digits or fewer.</summary>
    /// <param name="text">The digits; none mean 0.</param>
    /// <param name="number">The number.</param>
    /// <returns>False when there is anything else.</returns>
    public static bool TryHexadecimal(ReadOnlySpan<byte> text, out uint number)
    {
        number = 0;
        if (text.Length > 8)
        {
            // Zeros in front may be any number.
            bool read = Utf8Parser.TryParse(text, out ulong wide, out int used, 'x') && used == text.Length && wide <= uint.MaxValue;
            number = (uint)wide;
            return read;
        }

        foreach (byte letter in text)
        {
            uint digit = (uint)(letter - '0');
            if (digit > 9)
            {
                digit = (uint)((letter | 0x20) - 'a');
                if (digit > 5)
                {
                    return false;
                }

                digit += 10;
            }

            number = (number << 4) | digit;
        }

        return true;
    }

    private int SlotOf(uint number)
    {
        ulong[] slots = _slots;
        int slot = (int)((number * Golden) >> _shift);
        while (slots[slot] is var entry && entry != 0 && (uint)entry != number)
        {
            slot = (slot + 1) & (slots.Length - 1);
        }

        return slot;
    }
}
