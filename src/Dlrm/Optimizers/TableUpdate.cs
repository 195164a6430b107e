using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>A rule's kernels for every way in which a trained table may be kept.</summary>
/// <typeparam name="TRule">The rule.</typeparam>
/// <param name="set">A set that this processor has.</param>
internal sealed class TableUpdate<TRule>(InstructionSet set)
    where TRule : struct, IUpdateRule
{
    private readonly RowUpdate<TRule> _single = RowUpdate<TRule>.For(set);

    /// <summary>Updates the rows of a run of sorted lookups.</summary>
    /// <param name="lookups">All the lookups of each row that they name.</param>
    /// <param name="table">(E, D), in and out.</param>
    /// <param name="key">What rounding draws from.</param>
    /// <param name="gradient">(B, D): of the pooled sums.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="scratch">Working memory: 3·D floats from <paramref name="first"/> on; the rule may use the second D.</param>
    /// <param name="first">The first float of it.</param>
    /// <param name="decay">λ: the rule gets <c>fma(λ, table[r], g)</c>; 0 leaves g as it is.</param>
    public void Update(
        in SortedLookups lookups,
        Parameter table,
        CounterKey key,
        MatrixView gradient,
        TRule rule,
        NativeBuffer<float> scratch,
        long first,
        float decay = 0)
    {
        switch (table.Storage)
        {
            case StorageFormat.Float32:
                _single.Update(lookups, table.Value, gradient, rule, scratch, first, decay);
                break;
            case StorageFormat.Float16:
                Rounded<Float16Format>(lookups, table, key, gradient, rule, scratch, first, decay);
                break;
            case StorageFormat.BFloat16:
                Rounded<BFloat16Format>(lookups, table, key, gradient, rule, scratch, first, decay);
                break;
            default:
                throw new InvalidOperationException($"{table.Name} is kept as {table.Storage}: it cannot be trained.");
        }
    }

    private void Rounded<TFormat>(
        in SortedLookups lookups,
        Parameter table,
        CounterKey key,
        MatrixView gradient,
        TRule rule,
        NativeBuffer<float> scratch,
        long first,
        float decay)
        where TFormat : struct, IHalfFormat
    {
        var rounded = new RoundedRule<TRule, TFormat>(rule, table.Packed, key, scratch, first + gradient.Columns, gradient.Columns, decay);
        RowUpdate<RoundedRule<TRule, TFormat>>.For(set).Update(lookups, null, gradient, rounded, scratch, first);
    }
}
