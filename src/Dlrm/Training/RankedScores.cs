namespace Dlrm.Training;

/// <summary>Samples with equal scores.</summary>
/// <param name="Score">Their score.</param>
/// <param name="Positives">Those labelled 1.</param>
/// <param name="Negatives">Those labelled 0.</param>
internal readonly record struct TieGroup(float Score, int Positives, int Negatives)
{
    /// <summary>Samples of the group.</summary>
    public int Count => Positives + Negatives;
}

/// <summary>
/// Scores in ascending order with their labels, read as groups of equal scores: what ROC and its kin are computed from.
/// </summary>
/// <remarks>
/// A sample is one 32-bit key: the score's bits, shifted left by one, and the label below. Scores in [0, 1] have bits in
/// their own order, so sorting the keys sorts the samples, and one pass over them gives every curve.
/// </remarks>
internal readonly ref struct RankedScores
{
    private readonly ReadOnlySpan<uint> _keys;

    /// <summary>Wraps sorted keys.</summary>
    /// <param name="keys">Ascending.</param>
    /// <param name="positives">How many of them carry the label 1.</param>
    public RankedScores(ReadOnlySpan<uint> keys, int positives)
    {
        _keys = keys;
        Positives = positives;
    }

    /// <summary>Samples.</summary>
    public int Count => _keys.Length;

    /// <summary>Samples labelled 1.</summary>
    public int Positives { get; }

    /// <summary>Samples labelled 0.</summary>
    public int Negatives => Count - Positives;

    /// <summary>The key of a sample.</summary>
    /// <param name="score">In [0, 1].</param>
    /// <param name="positive">Whether the label is 1.</param>
    public static uint Key(float score, bool positive)
        => (BitConverter.SingleToUInt32Bits(score + 0f) << 1) | (positive ? 1u : 0u); // + 0 turns −0 into 0.

    /// <summary>The score at a place of the ascending order.</summary>
    /// <param name="place">0 … <see cref="Count"/> − 1.</param>
    public float ScoreAt(int place) => BitConverter.UInt32BitsToSingle(_keys[place] >> 1);

    /// <summary>The group of ties that starts at a place, and moves on to the next.</summary>
    /// <param name="place">First place of a group; afterwards one past its end.</param>
    public TieGroup Ascend(ref int place)
    {
        uint bits = _keys[place] >> 1;
        int first = place;
        int positives = 0;
        while (place < _keys.Length && _keys[place] >> 1 == bits)
        {
            positives += (int)(_keys[place] & 1);
            place++;
        }

        return new TieGroup(BitConverter.UInt32BitsToSingle(bits), positives, place - first - positives);
    }

    /// <summary>The group of ties that ends before a place, and moves on to the one below.</summary>
    /// <param name="place">One past the end of a group; afterwards its first place.</param>
    public TieGroup Descend(ref int place)
    {
        uint bits = _keys[place - 1] >> 1;
        int end = place;
        int positives = 0;
        while (place > 0 && _keys[place - 1] >> 1 == bits)
        {
            place--;
            positives += (int)(_keys[place] & 1);
        }

        return new TieGroup(BitConverter.UInt32BitsToSingle(bits), positives, end - place - positives);
    }
}
