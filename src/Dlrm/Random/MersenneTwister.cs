using System.Runtime.CompilerServices;
using Dlrm.Kernels;

namespace Dlrm.Random;

/// <summary>MT19937 with numpy's position counting: the source of 32-bit words and 53-bit doubles.</summary>
internal sealed class MersenneTwister
{
    private const int Words = MersenneTwisterBlock.Words;

    private readonly uint[] _key = new uint[Words];
    private readonly uint[] _output = new uint[Words];

    /// <summary>The state, (624).</summary>
    public ReadOnlySpan<uint> Key => _key;

    /// <summary>Words of the present block that were drawn, 0 … 624.</summary>
    public int Position { get; private set; }

    /// <summary>Starts anew from <paramref name="seed"/>, as init_genrand of the authors' program does.</summary>
    /// <param name="seed">Any.</param>
    public void Seed(uint seed)
    {
        _key[0] = seed;
        for (uint i = 1; i < Words; i++)
        {
            uint previous = _key[i - 1];
            _key[i] = (1812433253u * (previous ^ (previous >> 30))) + i;
        }

        Position = Words;
    }

    /// <summary>Puts a state back.</summary>
    /// <param name="key">(624).</param>
    /// <param name="position">0 … 624.</param>
    public void Restore(ReadOnlySpan<uint> key, int position)
    {
        key.CopyTo(_key);
        MersenneTwisterBlock.Temper(_key, _output);
        Position = position;
    }

    /// <summary>The next 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint NextWord()
    {
        if (Position == Words)
        {
            NextBlock();
        }

        return _output[Position++];
    }

    /// <summary>The next double in [0, 1), of two words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double NextDouble()
    {
        int position = Position;
        uint[] output = _output;
        if (position + 1 < output.Length)
        {
            Position = position + 2;
            return MersenneTwisterBlock.ToDouble(output[position], output[position + 1]);
        }

        return NextDoubleOverBorder();
    }

    /// <summary>The same draws as <paramref name="values"/>.Length of low + range · <see cref="NextDouble"/>.</summary>
    /// <param name="values">Out.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="range">Upper less lower bound.</param>
    public void FillUniform(Span<double> values, double low, double range)
    {
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, WholePairs());
            if (count == 0)
            {
                // One word is left in this block: the pair straddles the border.
                values[0] = low + (range * NextDouble());
                values = values[1..];
                continue;
            }

            MersenneTwisterBlock.ToUniform(_output.AsSpan(Position), low, range, values[..count]);
            Position += 2 * count;
            values = values[count..];
        }
    }

    /// <summary>The same draws as the other overload, rounded to single precision.</summary>
    /// <param name="values">Out.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="range">Upper less lower bound.</param>
    public void FillUniform(Span<float> values, double low, double range)
    {
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, WholePairs());
            if (count == 0)
            {
                values[0] = (float)(low + (range * NextDouble()));
                values = values[1..];
                continue;
            }

            MersenneTwisterBlock.ToUniform(_output.AsSpan(Position), low, range, values[..count]);
            Position += 2 * count;
            values = values[count..];
        }
    }

    /// <summary>Passes over words without shaping them.</summary>
    /// <param name="words">0 or more.</param>
    public void Skip(long words)
    {
        while (words > Words - Position)
        {
            words -= Words - Position;
            MersenneTwisterBlock.Advance(_key);
            Position = 0;
        }

        MersenneTwisterBlock.Temper(_key, _output);
        Position += (int)words;
    }

    private double NextDoubleOverBorder()
    {
        uint first = NextWord();
        return MersenneTwisterBlock.ToDouble(first, NextWord());
    }

    /// <summary>Pairs of words left in the block, after starting a new one where this one is used up.</summary>
    private int WholePairs()
    {
        if (Position == Words)
        {
            NextBlock();
        }

        return (Words - Position) / 2;
    }

    private void NextBlock()
    {
        MersenneTwisterBlock.Advance(_key);
        MersenneTwisterBlock.Temper(_key, _output);
        Position = 0;
    }
}
