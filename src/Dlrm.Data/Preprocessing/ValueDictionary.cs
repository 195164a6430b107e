using System.IO.Hashing;
using System.Runtime.CompilerServices;

namespace Dlrm.Data.Preprocessing;

/// <summary>Numbers byte strings 0, 1, 2, … in order of first appearance.</summary>
/// <remarks>
/// Open addressing with linear probing; a slot holds the upper half of the value's XxHash3 and its number plus one. The
/// bytes lie in pieces of 1 MiB, never across two.
/// </remarks>
internal sealed class ValueDictionary
{
    private const int PieceLength = 1 << 20;

    private readonly List<byte[]> _pieces = [];
    private ulong[] _slots = new ulong[64];
    private long[] _starts = new long[32];
    private int[] _lengths = new int[32];
    private int _used = PieceLength;

    /// <summary>Values so far.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of memory in use.</summary>
    public long Bytes => ((long)_slots.Length * sizeof(ulong)) + (_starts.Length * 12L) + _pieces.Sum(piece => (long)piece.Length);

    /// <summary>The bytes of a number's value.</summary>
    public ReadOnlySpan<byte> this[int id] =>
        _pieces[(int)(_starts[id] >> 32)].AsSpan((int)_starts[id], _lengths[id]);

    /// <summary>The hash that <see cref="Find"/> and <see cref="Add"/> want.</summary>
    public static ulong Hash(ReadOnlySpan<byte> value) => XxHash3.HashToUInt64(value);

    /// <summary>The number of a value; −1 when it has none.</summary>
    public int Find(ReadOnlySpan<byte> value, ulong hash)
    {
        int slot = Slot(value, hash);
        return (int)(uint)_slots[slot] - 1;
    }

    /// <summary>The number of a value, a new one if it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Add(ReadOnlySpan<byte> value, ulong hash)
    {
        int slot = Slot(value, hash);
        uint found = (uint)_slots[slot];
        return found != 0 ? (int)found - 1 : Insert(value, hash, slot);
    }

    private int Slot(ReadOnlySpan<byte> value, ulong hash)
    {
        ulong[] slots = _slots;
        int mask = slots.Length - 1;
        int slot = (int)(hash & (uint)mask);
        uint tag = (uint)(hash >> 32);
        while (slots[slot] is var entry && entry != 0)
        {
            if ((uint)(entry >> 32) == tag && this[(int)(uint)entry - 1].SequenceEqual(value))
            {
                break;
            }

            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private int Insert(ReadOnlySpan<byte> value, ulong hash, int slot)
    {
        int id = Count++;
        if (id == _starts.Length)
        {
            Array.Resize(ref _starts, id * 2);
            Array.Resize(ref _lengths, id * 2);
        }

        if (_pieces.Count == 0 || _used + value.Length > PieceLength)
        {
            _pieces.Add(new byte[Math.Max(PieceLength, value.Length)]);
            _used = 0;
        }

        value.CopyTo(_pieces[^1].AsSpan(_used));
        _starts[id] = ((long)(_pieces.Count - 1) << 32) | (uint)_used;
        _lengths[id] = value.Length;
        _used += value.Length;
        _slots[slot] = (hash & 0xffffffff00000000) | (uint)(id + 1);
        if (Count * 8L > _slots.Length * 5L)
        {
            Grow();
        }

        return id;
    }

    private void Grow()
    {
        var grown = new ulong[_slots.Length * 2];
        int mask = grown.Length - 1;
        for (int id = 0; id < Count; id++)
        {
            ulong hash = Hash(this[id]);
            int slot = (int)(hash & (uint)mask);
            while (grown[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            grown[slot] = (hash & 0xffffffff00000000) | (uint)(id + 1);
        }

        _slots = grown;
    }
}
