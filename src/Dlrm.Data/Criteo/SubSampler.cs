using System.Buffers.Binary;
using System.IO.Hashing;
using Dlrm.Random;

namespace Dlrm.Data.Criteo;

/// <summary>
/// Decides which negative rows are dropped, as the reference does: one uniform draw a row, dropped where it lies below
/// the rate. What was drawn is remembered, so that it can be gone through again without drawing again.
/// </summary>
internal sealed class SubSampler(NumpyRandom random, double rate)
{
    private readonly List<ulong> _drawn = [];
    private long _count;
    private long _position;

    /// <summary>False when the rate is 0: nothing is drawn then.</summary>
    public bool Active => rate > 0;

    /// <summary>Whether the next row is dropped if it is negative.</summary>
    public bool Next()
    {
        if (_position == _count)
        {
            Draw();
        }

        bool dropped = ((_drawn[(int)(_position >> 6)] >> (int)(_position & 63)) & 1) != 0;
        _position++;
        return dropped;
    }

    /// <summary>Starts again at the first row.</summary>
    public void Rewind() => _position = 0;

    /// <summary>A number that tells one sequence of <paramref name="rows"/> decisions from another; 0 without any.</summary>
    public ulong Fingerprint(long rows)
    {
        if (!Active)
        {
            return 0;
        }

        while (_count < rows)
        {
            Draw();
        }

        var hash = new XxHash3();
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        for (long start = 0; start < rows; start += 64)
        {
            ulong bits = _drawn[(int)(start >> 6)];
            bits = rows - start < 64 ? bits & ((1ul << (int)(rows - start)) - 1) : bits;
            BinaryPrimitives.WriteUInt64LittleEndian(word, bits);
            hash.Append(word);
        }

        return hash.GetCurrentHashAsUInt64();
    }

    private void Draw()
    {
        if ((_count & 63) == 0)
        {
            _drawn.Add(0);
        }

        if (random.Uniform(0, 1) < rate)
        {
            _drawn[^1] |= 1ul << (int)(_count & 63);
        }

        _count++;
    }
}
