using System.Numerics;
using System.Runtime.CompilerServices;

namespace Dlrm.Data.Criteo;

/// <summary>Numbers the hashes of one column 0, 1, 2, … in order of first appearance.</summary>
/// <remarks>
/// Open addressing with linear probing; a slot is eight bytes, the hash and its number plus one, so 0 is an empty slot
/// and looking up costs one cache line. At most five slots in eight are taken.
/// </remarks>
internal sealed class HashVocabulary
{
    private ulong[] _slots = new ulong[64];
    private uint[] _hashes = new uint[32];
    private int _shift = 64 - 6;

    /// <summary>Distinct hashes so far.</summary>
    public int Count { get; private set; }

    /// <summary>The hash that each number stands for.</summary>
    public ReadOnlySpan<uint> Hashes => _hashes.AsSpan(0, Count);

    /// <summary>Gives each hash its number.</summary>
    /// <param name="hashes">(R).</param>
    /// <param name="indices">Number of hash r goes to element r · stride.</param>
    /// <param name="stride">Distance between results.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Encode(ReadOnlySpan<uint> hashes, Span<int> indices, int stride)
    {
        ulong[] slots = _slots;
        int shift = _shift;
        int at = 0;
        foreach (uint hash in hashes)
        {
            int slot = (int)((hash * 0x9e3779b97f4a7c15) >> shift);
            ulong found;
            while ((found = slots[slot]) != 0 && (uint)found != hash)
            {
                slot = (slot + 1) & (slots.Length - 1);
            }

            if (found == 0)
            {
                found = Add(hash, slot);
                slots = _slots;
                shift = _shift;
            }

            indices[at] = (int)(found >> 32) - 1;
            at += stride;
        }
    }

    private ulong Add(uint hash, int slot)
    {
        if (Count == _hashes.Length)
        {
            Array.Resize(ref _hashes, Count * 2);
        }

        _hashes[Count++] = hash;
        ulong entry = hash | ((ulong)(uint)Count << 32);
        _slots[slot] = entry;
        if (Count * 8L > _slots.Length * 5L)
        {
            Grow();
        }

        return entry;
    }

    private void Grow()
    {
        var slots = new ulong[_slots.Length * 2];
        int shift = 64 - BitOperations.Log2((uint)slots.Length);
        foreach (ulong entry in _slots)
        {
            if (entry != 0)
            {
                int slot = (int)(((uint)entry * 0x9e3779b97f4a7c15) >> shift);
                while (slots[slot] != 0)
                {
                    slot = (slot + 1) & (slots.Length - 1);
                }

                slots[slot] = entry;
            }
        }

        _slots = slots;
        _shift = shift;
    }
}
