using System.Numerics;
using System.Runtime.CompilerServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>The backward pass of a sum-pooled table and its optimizer in one: only rows that were looked up are touched.</summary>
/// <remarks>
/// For each row r among the sorted lookups:
/// <code>g[d] = Σ gradient[sample(i), d]   over the lookups i of r
/// table[r] = rule(table[r], g)</code>
/// With a decay λ the rule gets fma(λ, table[r], g), once a row whatever the number of its lookups.
/// table (E, D), gradient (B, D) at any stride, not overlapping the table. The sum starts with the first lookup's
/// sample and adds the others one by one in sample order, each column by itself; a row's lookups must all be in one
/// call. Rows are asked for from memory some lookups ahead.
/// </remarks>
/// <typeparam name="TRule">The optimizer's rule.</typeparam>
internal abstract class RowUpdate<TRule>
    where TRule : struct, IUpdateRule
{
    private static readonly RowUpdate<TRule>[] Kernels =
    [
        new RowUpdate<SimdScalar, TRule>(),
        new RowUpdate<Simd128, TRule>(),
        new RowUpdate<Simd256, TRule>(),
        new RowUpdate<Simd512, TRule>(),
    ];

    /// <summary>The kernel for an instruction set.</summary>
    /// <param name="set">A set that this processor has.</param>
    public static RowUpdate<TRule> For(InstructionSet set) => Kernels[(int)set];

    /// <summary>Updates the rows of a run of sorted lookups.</summary>
    /// <param name="lookups">All the lookups of each row that they name.</param>
    /// <param name="table">(E, D), in and out; null for a rule that finds the weights by itself.</param>
    /// <param name="gradient">(B, D): of the pooled sums.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="scratch">Working memory: D floats from <paramref name="first"/> on.</param>
    /// <param name="first">The first float of it.</param>
    /// <param name="decay">λ: the rule gets <c>fma(λ, table[r], g)</c>; 0, as for a rule that finds the weights, leaves g as it is.</param>
    public abstract void Update(
        in SortedLookups lookups,
        NativeBuffer<float>? table,
        MatrixView gradient,
        TRule rule,
        NativeBuffer<float> scratch,
        long first,
        float decay = 0);

    /// <summary>Applies a rule to elements [start, start + count) of a dense parameter, seen as row 0.</summary>
    /// <param name="weights">In and out.</param>
    /// <param name="gradient">As long.</param>
    /// <param name="start">First element.</param>
    /// <param name="count">Elements.</param>
    /// <param name="rule">A rule that works element by element; its state begins at <paramref name="start"/> too.</param>
    public abstract void UpdateElements(NativeBuffer<float> weights, NativeBuffer<float> gradient, long start, int count, TRule rule);
}

/// <summary><see cref="RowUpdate{TRule}"/> with one kind of register.</summary>
/// <typeparam name="TSimd">The register.</typeparam>
/// <typeparam name="TRule">The rule.</typeparam>
internal sealed unsafe class RowUpdate<TSimd, TRule> : RowUpdate<TRule>
    where TSimd : unmanaged, ISimd<TSimd>
    where TRule : struct, IUpdateRule
{
    /// <summary>Gradient rows, in the outer caches, are asked for so many lookups ahead.</summary>
    private const int GradientsAhead = 12;

    /// <inheritdoc/>
    public override void Update(
        in SortedLookups lookups,
        NativeBuffer<float>? table,
        MatrixView gradient,
        TRule rule,
        NativeBuffer<float> scratch,
        long first,
        float decay = 0)
    {
        float* rows = table is null ? null : table.Data;
        if (lookups.IsWide)
        {
            Update((ulong*)lookups.Keys, lookups, rows, gradient, rule, scratch.Data + first, decay);
        }
        else
        {
            Update((uint*)lookups.Keys, lookups, rows, gradient, rule, scratch.Data + first, decay);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void UpdateElements(NativeBuffer<float> weights, NativeBuffer<float> gradient, long start, int count, TRule rule)
        => rule.Apply<TSimd>(0, weights.Data + start, gradient.Data + start, count);

    /// <summary>Chooses code compiled for the dimension, where there is some.</summary>
    private static void Update<TKey>(
        TKey* keys, in SortedLookups lookups, float* table, MatrixView gradient, TRule rule, float* scratch, float decay)
        where TKey : unmanaged, IBinaryInteger<TKey>
    {
        int count = lookups.Count;
        int sampleBits = lookups.SampleBits;
        switch (gradient.Columns)
        {
            case 16:
                Update<TKey, Dimension16>(keys, count, sampleBits, table, gradient, rule, scratch, decay);
                break;
            case 32:
                Update<TKey, Dimension32>(keys, count, sampleBits, table, gradient, rule, scratch, decay);
                break;
            case 64:
                Update<TKey, Dimension64>(keys, count, sampleBits, table, gradient, rule, scratch, decay);
                break;
            case 128:
                Update<TKey, Dimension128>(keys, count, sampleBits, table, gradient, rule, scratch, decay);
                break;
            default:
                Update<TKey, AnyDimension>(keys, count, sampleBits, table, gradient, rule, scratch, decay);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Update<TKey, TDimension>(
        TKey* keys, int count, int sampleBits, float* table, MatrixView gradient, TRule rule, float* scratch, float decay)
        where TKey : unmanaged, IBinaryInteger<TKey>
        where TDimension : struct, IDimension
    {
        int dimension = TDimension.Of(gradient.Columns);
        float* gradients = gradient.Data;
        long stride = gradient.Stride;
        int bytes = Prefetch.RowBytes(dimension);
        int distance = Prefetch.Distance((long)dimension * sizeof(float));
        TKey sampleMask = (TKey.One << sampleBits) - TKey.One;
        int place = 0;
        while (place < count)
        {
            int start = place;
            TKey key = keys[place];
            TKey row = key >> sampleBits;
            do
            {
                TKey ahead = keys[Math.Min(place + distance, count - 1)];
                long rowAhead = long.CreateTruncating(ahead >> sampleBits);
                if (!TRule.FindsWeights)
                {
                    Prefetch.Row(table + (rowAhead * dimension), bytes);
                }

                rule.Prefetch(rowAhead, dimension, bytes);
                ahead = keys[Math.Min(place + GradientsAhead, count - 1)];
                Prefetch.Row(gradients + (long.CreateTruncating(ahead & sampleMask) * stride), bytes);
                place++;
            }
            while (place < count && keys[place] >> sampleBits == row);

            float* sum = gradients + (long.CreateTruncating(key & sampleMask) * stride);
            if (place - start > 1)
            {
                Sum(keys + start, place - start, sampleMask, gradients, stride, dimension, scratch);
                sum = scratch;
            }

            long rowNumber = long.CreateTruncating(row);
            float* weights = TRule.FindsWeights ? null : table + (rowNumber * dimension);
            if (!TRule.FindsWeights && decay != 0)
            {
                // Not in place: other rows of a bag share this sample's gradient.
                RowDecay.Add<TSimd>(weights, sum, scratch, dimension, decay);
                sum = scratch;
            }

            rule.Apply<TSimd>(rowNumber, weights, sum, dimension);
        }
    }

    /// <summary>sum[d] = Σ gradients[sample(key), d] over two or more keys, in their order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum<TKey>(TKey* keys, int count, TKey sampleMask, float* gradients, long stride, int dimension, float* sum)
        where TKey : unmanaged, IBinaryInteger<TKey>
    {
        int column = 0;
        for (; column + (4 * TSimd.Lanes) <= dimension; column += 4 * TSimd.Lanes)
        {
            float* row = gradients + (long.CreateTruncating(keys[0] & sampleMask) * stride) + column;
            TSimd sum0 = TSimd.Load(row);
            TSimd sum1 = TSimd.Load(row + TSimd.Lanes);
            TSimd sum2 = TSimd.Load(row + (2 * TSimd.Lanes));
            TSimd sum3 = TSimd.Load(row + (3 * TSimd.Lanes));
            for (int place = 1; place < count; place++)
            {
                row = gradients + (long.CreateTruncating(keys[place] & sampleMask) * stride) + column;
                sum0 += TSimd.Load(row);
                sum1 += TSimd.Load(row + TSimd.Lanes);
                sum2 += TSimd.Load(row + (2 * TSimd.Lanes));
                sum3 += TSimd.Load(row + (3 * TSimd.Lanes));
            }

            TSimd.Store(sum0, sum + column);
            TSimd.Store(sum1, sum + column + TSimd.Lanes);
            TSimd.Store(sum2, sum + column + (2 * TSimd.Lanes));
            TSimd.Store(sum3, sum + column + (3 * TSimd.Lanes));
        }

        for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
        {
            SumColumns<TSimd, TKey>(keys, count, sampleMask, gradients + column, stride, sum + column);
        }

        for (; column < dimension; column++)
        {
            SumColumns<SimdScalar, TKey>(keys, count, sampleMask, gradients + column, stride, sum + column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumColumns<TColumns, TKey>(TKey* keys, int count, TKey sampleMask, float* gradients, long stride, float* sum)
        where TColumns : unmanaged, ISimd<TColumns>
        where TKey : unmanaged, IBinaryInteger<TKey>
    {
        TColumns columns = TColumns.Load(gradients + (long.CreateTruncating(keys[0] & sampleMask) * stride));
        for (int place = 1; place < count; place++)
        {
            columns += TColumns.Load(gradients + (long.CreateTruncating(keys[place] & sampleMask) * stride));
        }

        TColumns.Store(columns, sum);
    }
}
