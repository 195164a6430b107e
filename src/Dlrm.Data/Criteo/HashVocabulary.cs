using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Data.Criteo;

/// <summary>Numbers the hashes of one column 0, 1, 2, … in order of first appearance.</summary>
/// <remarks>
/// Open addressing with linear probing; a slot is eight bytes, the hash and its number plus one, so 0 is an empty slot
/// and looking up costs one cache line. At most five slots in eight are taken. The slots lie in native memory, on huge
/// pages where the system has them, because a large table is read at random.
/// </remarks>
internal sealed class HashVocabulary : IDisposable
{
    /// <summary>2⁶⁴ over the golden ratio: its products spread even numbers that follow each other.</summary>
    private const ulong Golden = 0x9e3779b97f4a7c15;

    /// <summary>Hashes looked up together; their cache lines fit the first-level cache.</summary>
    private const int Group = 64;

    /// <summary>A table of more slots than this is out of the second-level cache.</summary>
    private const int CachedSlots = 1 << 15;

    private NativeBuffer<ulong> _slots = new(64);
    private uint[] _hashes = new uint[32];
    private int _shift = 64 - 6;
    private ulong _touched;

    /// <summary>Distinct hashes so far.</summary>
    public int Count { get; private set; }

    /// <summary>The hash that each number stands for.</summary>
    public ReadOnlySpan<uint> Hashes => _hashes.AsSpan(0, Count);

    /// <summary>Gives each hash its number.</summary>
    /// <param name="hashes">(R).</param>
    /// <param name="indices">Number of hash r goes to element r · stride.</param>
    /// <param name="stride">Distance between results.</param>
    public void Encode(ReadOnlySpan<uint> hashes, Span<int> indices, int stride)
    {
        for (int start = 0; start < hashes.Length; start += Group)
        {
            ReadOnlySpan<uint> group = hashes.Slice(start, Math.Min(Group, hashes.Length - start));
            if (_slots.Length > CachedSlots)
            {
                _touched = Touch(group);
            }

            EncodeGroup(group, indices[(start * stride)..], stride);
        }
    }

    /// <summary>Gives the slots back; the hashes stay.</summary>
    public void Dispose() => _slots.Dispose();

    /// <summary>
    /// Reads the slot of each hash, nothing else: no read waits for another, so the processor fetches many cache lines at
    /// once, which it could not do past a branch that depends on what it fetches.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ulong Touch(ReadOnlySpan<uint> hashes)
    {
        Span<ulong> slots = _slots.Span;
        int shift = _shift;
        ulong all = 0;
        foreach (uint hash in hashes)
        {
            all ^= slots[(int)((hash * Golden) >> shift)];
        }

        return all;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EncodeGroup(ReadOnlySpan<uint> hashes, Span<int> indices, int stride)
    {
        Span<ulong> slots = _slots.Span;
        int shift = _shift;
        int at = 0;
        foreach (uint hash in hashes)
        {
            int slot = (int)((hash * Golden) >> shift);
            ulong found;
            while ((found = slots[slot]) != 0 && (uint)found != hash)
            {
                slot = (slot + 1) & (slots.Length - 1);
            }

            if (found == 0)
            {
                found = Add(hash, slot);
                slots = _slots.Span;
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
        var grown = new NativeBuffer<ulong>(_slots.Length * 2);
        Span<ulong> slots = grown.Span;
        int shift = _shift - 1;
        foreach (ulong entry in _slots.Span)
        {
            if (entry != 0)
            {
                int slot = (int)(((uint)entry * Golden) >> shift);
                while (slots[slot] != 0)
                {
                    slot = (slot + 1) & (slots.Length - 1);
                }

                slots[slot] = entry;
            }
        }

        _slots.Dispose();
        _slots = grown;
        _shift = shift;
    }
}
