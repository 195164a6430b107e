using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>A rule on a table of 16-bit floats: a row is widened, updated in single precision, and rounded stochastically.</summary>
/// <remarks>
/// What rounding draws is a function of the step, the table, the row and the column (<see cref="CounterRandom"/>), so it
/// depends on neither the worker nor the vector width. An element that the rule leaves as it is keeps its bits.
/// </remarks>
/// <typeparam name="TRule">What is done to the row.</typeparam>
/// <typeparam name="TFormat">How it is kept.</typeparam>
internal readonly unsafe struct RoundedRule<TRule, TFormat> : IUpdateRule
    where TRule : struct, IUpdateRule
    where TFormat : struct, IHalfFormat
{
    private readonly TRule _rule;
    private readonly ushort* _table;
    private readonly float* _row;
    private readonly float* _decayed;
    private readonly float _decay;
    private readonly CounterKey _key;

    /// <summary>A rule.</summary>
    /// <param name="rule">What is done to the row.</param>
    /// <param name="table">(E, D), 16 bits an element.</param>
    /// <param name="key">Of this step and table.</param>
    /// <param name="scratch">
    /// Working memory: 2·D floats from <paramref name="first"/> on, of which a rule may use the first D itself if there is no
    /// decay.
    /// </param>
    /// <param name="first">The first float of it.</param>
    /// <param name="dimension">D.</param>
    /// <param name="decay">λ: the rule gets <c>fma(λ, row, g)</c>; 0 leaves g as it is.</param>
    public RoundedRule(
        TRule rule, NativeBuffer<byte> table, CounterKey key, NativeBuffer<float> scratch, long first, int dimension, float decay)
    {
        _rule = rule;
        _table = (ushort*)table.Data;
        _key = key;
        _decayed = scratch.Data + first;
        _row = _decayed + dimension;
        _decay = decay;
    }

    /// <inheritdoc/>
    public static bool FindsWeights => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        ushort* stored = _table + (row * dimension);
        int whole = dimension - (dimension % TSimd.Lanes);
        Decode<TSimd>(stored, _row, 0, whole);
        Decode<SimdScalar>(stored, _row, whole, dimension);
        if (_decay != 0)
        {
            RowDecay.Add<TSimd>(_row, gradient, _decayed, dimension, _decay);
            gradient = _decayed;
        }

        _rule.Apply<TSimd>(row, _row, gradient, dimension);
        CounterKey key = _key.At(row);
        Round<TSimd>(key, _row, stored, 0, whole);
        Round<SimdScalar>(key, _row, stored, whole, dimension);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long row, int dimension, int bytes)
    {
        _rule.Prefetch(row, dimension, bytes);
        Kernels.Prefetch.Bytes((byte*)(_table + (row * dimension)), sizeof(ushort) * dimension);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Decode<TSimd>(ushort* stored, float* row, int column, int end)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        for (; column < end; column += TSimd.Lanes)
        {
            TSimd.Store(TFormat.Decode(WideningLoads.Words<TSimd>(stored + column)), row + column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round<TSimd>(CounterKey key, float* row, ushort* stored, int column, int end)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd first = TSimd.BroadcastBits((int)key.First);
        TSimd second = TSimd.BroadcastBits((int)key.Second);
        for (; column < end; column += TSimd.Lanes)
        {
            TSimd random = CounterRandom.Bits(first, second, CounterRandom.Elements<TSimd>((uint)column));
            WideningLoads.StoreWords(TFormat.Round(TSimd.Load(row + column), random), stored + column);
        }
    }
}
