using System.Numerics;

namespace Dlrm.Data.Traces;

/// <summary>A set of numbers 0 … N − 1 that counts and finds members by their rank in O(log N).</summary>
/// <remarks>64 members a word; a Fenwick tree holds the counts of the words.</remarks>
internal sealed class OrderedBits
{
    private readonly ulong[] _words;
    private readonly int[] _tree;
    private readonly int _top;

    /// <summary>An empty set.</summary>
    /// <param name="capacity">N.</param>
    public OrderedBits(int capacity)
    {
        _words = new ulong[(capacity + 63) / 64];
        _tree = new int[_words.Length + 1];
        _top = 1 << (31 - BitOperations.LeadingZeroCount((uint)Math.Max(1, _words.Length)));
    }

    /// <summary>Members.</summary>
    public int Count { get; private set; }

    /// <summary>The set of 0 … <paramref name="count"/> − 1.</summary>
    public void Fill(int count)
    {
        Array.Clear(_words);
        _words.AsSpan(0, count / 64).Fill(ulong.MaxValue);
        if (count % 64 > 0)
        {
            _words[count / 64] = (1UL << (count % 64)) - 1;
        }

        Array.Clear(_tree);
        for (int word = 1; word < _tree.Length; word++)
        {
            _tree[word] += BitOperations.PopCount(_words[word - 1]);
            int parent = word + (word & -word);
            if (parent < _tree.Length)
            {
                _tree[parent] += _tree[word];
            }
        }

        Count = count;
    }

    /// <summary>Adds a number that is not a member.</summary>
    public void Add(int number)
    {
        _words[number >> 6] |= 1UL << number;
        Count++;
        Change(number >> 6, 1);
    }

    /// <summary>Removes a member.</summary>
    public void Remove(int number)
    {
        _words[number >> 6] &= ~(1UL << number);
        Count--;
        Change(number >> 6, -1);
    }

    /// <summary>True for a member.</summary>
    public bool Contains(int number) => (_words[number >> 6] >> number & 1) != 0;

    /// <summary>Members below a number.</summary>
    public int Below(int number)
    {
        int count = BitOperations.PopCount(_words[number >> 6] & ((1UL << number) - 1));
        for (int word = number >> 6; word > 0; word &= word - 1)
        {
            count += _tree[word];
        }

        return count;
    }

    /// <summary>The member with so many members below it.</summary>
    /// <param name="rank">0 … Count − 1.</param>
    public int Select(int rank)
    {
        int word = 0;
        for (int step = _top; step > 0; step >>= 1)
        {
            int next = word + step;
            if (next < _tree.Length && _tree[next] <= rank)
            {
                word = next;
                rank -= _tree[next];
            }
        }

        ulong bits = _words[word];
        while (rank-- > 0)
        {
            bits &= bits - 1;
        }

        return (word << 6) + BitOperations.TrailingZeroCount(bits);
    }

    private void Change(int word, int by)
    {
        for (word++; word < _tree.Length; word += word & -word)
        {
            _tree[word] += by;
        }
    }
}
