using System.Buffers.Binary;
using System.Numerics;
using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Random;

/// <summary>
/// numpy's legacy generator (<c>numpy.random.seed</c> and the functions beside it): the same draws in the same order.
/// </summary>
/// <remarks>
/// MT19937 seeded by a number; 53-bit doubles; normals by Marsaglia's polar method, two at a time, of which the second
/// waits for the next call; permutations by Fisher and Yates with masked rejection. Not for several threads at once.
/// </remarks>
public sealed class NumpyRandom
{
    /// <summary>Bytes of <see cref="SaveState"/>: 624 words, the position, whether a normal waits, and that normal.</summary>
    public const int StateBytes = ((MersenneTwisterBlock.Words + 2) * sizeof(uint)) + sizeof(double);

    private readonly MersenneTwister _twister = new();
    private double _cachedNormal;
    private bool _hasCachedNormal;

    /// <summary>A generator as <c>numpy.random.seed(seed)</c> leaves it.</summary>
    /// <param name="seed">0 … 2³² − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The seed lies outside.</exception>
    public NumpyRandom(long seed) => Seed(seed);

    /// <summary>A generator that goes on where another one stood.</summary>
    /// <param name="state">Its <see cref="State"/>.</param>
    /// <exception cref="ArgumentException">Not a state: 624 words and a position of 0 … 624 are needed.</exception>
    public NumpyRandom(NumpyRandomState state) => State = state;

    /// <summary>The full state; setting it continues exactly where it was taken.</summary>
    /// <exception cref="ArgumentException">Not a state: 624 words and a position of 0 … 624 are needed.</exception>
    public NumpyRandomState State
    {
        get => new([.. _twister.Key], _twister.Position, _hasCachedNormal ? _cachedNormal : null);

        set
        {
            ArgumentNullException.ThrowIfNull(value);
            int words = value.Words.IsDefault ? 0 : value.Words.Length;
            if (words != MersenneTwisterBlock.Words || value.Position is < 0 or > MersenneTwisterBlock.Words)
            {
                throw new ArgumentException(
                    $"A state of the random generator has 624 words and a position of 0 to 624; this one has {words} and {value.Position}.",
                    nameof(value));
            }

            _twister.Restore(value.Words.AsSpan(), value.Position);
            _hasCachedNormal = value.CachedNormal.HasValue;
            _cachedNormal = value.CachedNormal.GetValueOrDefault();
        }
    }

    /// <summary>Writes the full state without allocating.</summary>
    /// <param name="state"><see cref="StateBytes"/> bytes, little-endian.</param>
    /// <exception cref="ArgumentException">There are fewer.</exception>
    public void SaveState(Span<byte> state)
    {
        RequireStateBytes(state.Length);
        foreach (uint word in _twister.Key)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(state, word);
            state = state[sizeof(uint)..];
        }

        BinaryPrimitives.WriteInt32LittleEndian(state, _twister.Position);
        BinaryPrimitives.WriteInt32LittleEndian(state[sizeof(int)..], _hasCachedNormal ? 1 : 0);
        BinaryPrimitives.WriteDoubleLittleEndian(state[(2 * sizeof(int))..], _hasCachedNormal ? _cachedNormal : 0);
    }

    /// <summary>Goes on exactly where <see cref="SaveState"/> was called.</summary>
    /// <param name="state">What it wrote.</param>
    /// <exception cref="ArgumentException">It is not a state.</exception>
    public void RestoreState(ReadOnlySpan<byte> state)
    {
        RequireStateBytes(state.Length);
        var words = new uint[MersenneTwisterBlock.Words];
        foreach (ref uint word in words.AsSpan())
        {
            word = BinaryPrimitives.ReadUInt32LittleEndian(state);
            state = state[sizeof(uint)..];
        }

        bool waits = BinaryPrimitives.ReadInt32LittleEndian(state[sizeof(int)..]) != 0;
        State = new NumpyRandomState(
            [.. words],
            BinaryPrimitives.ReadInt32LittleEndian(state),
            waits ? BinaryPrimitives.ReadDoubleLittleEndian(state[(2 * sizeof(int))..]) : null);
    }

    /// <summary>Starts anew, and forgets the waiting normal.</summary>
    /// <param name="seed">0 … 2³² − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The seed lies outside.</exception>
    public void Seed(long seed)
    {
        if (seed is < 0 or > uint.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(seed), seed, "A seed is a number from 0 to 4294967295, as in numpy.");
        }

        _twister.Seed((uint)seed);
        _hasCachedNormal = false;
    }

    /// <summary>A generator in the same state, which goes its own way from here.</summary>
    public NumpyRandom Clone() => new(State);

    /// <summary>The next 32 bits.</summary>
    public uint NextUInt32() => _twister.NextWord();

    /// <summary>Uniform in [0, 1): <c>random_sample()</c>.</summary>
    public double NextDouble() => _twister.NextDouble();

    /// <summary>Uniform: low + (high − low) · u.</summary>
    /// <param name="low">The lower bound.</param>
    /// <param name="high">The upper bound.</param>
    public double Uniform(double low, double high) => low + ((high - low) * _twister.NextDouble());

    /// <summary>Normal: mean + standardDeviation · g.</summary>
    /// <param name="mean">The mean.</param>
    /// <param name="standardDeviation">The standard deviation, 0 or more.</param>
    public double Normal(double mean, double standardDeviation) => mean + (standardDeviation * NextStandardNormal());

    /// <summary>Uniform among the whole numbers 0 … <paramref name="maximum"/>, both included (numpy's random_interval).</summary>
    /// <param name="maximum">0 or more.</param>
    public ulong NextInterval(ulong maximum)
    {
        if (maximum == 0)
        {
            return 0;
        }

        // The smallest number of all ones that reaches the maximum; draws above the maximum are thrown away.
        ulong mask = ulong.MaxValue >> BitOperations.LeadingZeroCount(maximum);
        ulong value;
        do
        {
            value = maximum <= uint.MaxValue
                ? _twister.NextWord() & mask
                : (((ulong)_twister.NextWord() << 32) | _twister.NextWord()) & mask;
        }
        while (value > maximum);
        return value;
    }

    /// <summary>The numbers 0 … <paramref name="count"/> − 1 in random order: <c>permutation(count)</c>.</summary>
    /// <param name="count">0 or more.</param>
    public int[] Permutation(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var permutation = new int[count];
        for (int i = 0; i < count; i++)
        {
            permutation[i] = i;
        }

        Shuffle(permutation.AsSpan());
        return permutation;
    }

    /// <summary>Shuffles in place: <c>shuffle(values)</c>.</summary>
    /// <typeparam name="T">Any.</typeparam>
    /// <param name="values">In and out.</param>
    public void Shuffle<T>(Span<T> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = (int)NextInterval((ulong)i);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    /// <summary>The same draws as that many calls of <see cref="Uniform"/>, about 2 ns each or less.</summary>
    /// <param name="values">Out.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="high">The upper bound.</param>
    public void FillUniform(Span<double> values, double low, double high) => _twister.FillUniform(values, low, high - low);

    /// <summary>The same draws as that many calls of <see cref="Uniform"/>, each rounded to single precision.</summary>
    /// <param name="values">Out.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="high">The upper bound.</param>
    public void FillUniform(Span<float> values, double low, double high) => _twister.FillUniform(values, low, high - low);

    /// <summary>The same for a buffer that may be longer than a span.</summary>
    /// <param name="values">Out.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="high">The upper bound.</param>
    public void FillUniform(NativeBuffer<float> values, double low, double high)
    {
        const int SliceLength = 1 << 24;
        for (long start = 0; start < values.Length; start += SliceLength)
        {
            FillUniform(values.Slice(start, (int)Math.Min(SliceLength, values.Length - start)), low, high);
        }
    }

    /// <summary>The same draws as that many calls of <see cref="Normal"/>, each rounded to single precision.</summary>
    /// <param name="values">Out.</param>
    /// <param name="mean">The mean.</param>
    /// <param name="standardDeviation">The standard deviation, 0 or more.</param>
    public void FillNormal(Span<float> values, double mean, double standardDeviation)
    {
        foreach (ref float value in values)
        {
            value = (float)Normal(mean, standardDeviation);
        }
    }

    private static void RequireStateBytes(int bytes)
    {
        if (bytes != StateBytes)
        {
            throw new ArgumentException($"A state of the random generator has {StateBytes} bytes; this one has {bytes}.");
        }
    }

    private double NextStandardNormal()
    {
        if (_hasCachedNormal)
        {
            _hasCachedNormal = false;
            return _cachedNormal;
        }

        // A point in the unit disc, the centre left out; its two coordinates give two independent normals.
        double x, y, square;
        do
        {
            x = (2.0 * _twister.NextDouble()) - 1.0;
            y = (2.0 * _twister.NextDouble()) - 1.0;
            square = (x * x) + (y * y);
        }
        while (square is >= 1.0 or 0.0);

        double factor = Math.Sqrt(-2.0 * ReproducibleLog.Log(square) / square);
        _cachedNormal = factor * x;
        _hasCachedNormal = true;
        return factor * y;
    }
}
