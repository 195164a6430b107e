using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>
/// Adagrad on looked-up rows, one accumulator an element: <c>s = fma(g, g, s)</c>,
/// <c>w = fma(−rate, g / (√s + 1e-10), w)</c>, g summed over the batch first, s from 0.
/// </summary>
/// <remarks>State: <c>NAME.sum</c>, as large as the table.</remarks>
public sealed class SparseAdagrad : SparseOptimizer
{
    private readonly TableUpdate<AdagradRule> _kernel;
    private readonly TableUpdate<WeightedRowRule<AdagradRule, AdagradRule>> _weightedKernel;
    private readonly OptimizerState[] _states;

    /// <summary>Starts with zeroed state.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="tables">(E, D) each.</param>
    public SparseAdagrad(Engine engine, IReadOnlyList<Parameter> tables)
        : base("adagrad", tables)
    {
        _kernel = new TableUpdate<AdagradRule>(engine.InstructionSet);
        _weightedKernel = new TableUpdate<WeightedRowRule<AdagradRule, AdagradRule>>(engine.InstructionSet);
        _states = OptimizerStates.Like(tables, "sum");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> States => _states;

    /// <inheritdoc/>
    internal override void UpdateRows(
        int table, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
        => _kernel.Update(
            lookups, Tables[table], RoundingKey(table), gradient, new AdagradRule(_states[table].Value, 0, learningRate), scratch, first, EmbeddingL2);

    /// <inheritdoc/>
    internal override void UpdateWeightedRows(
        int table, int weights, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
    {
        var rule = new WeightedRowRule<AdagradRule, AdagradRule>(
            new AdagradRule(_states[table].Value, 0, learningRate),
            new AdagradRule(_states[weights].Value, 0, learningRate),
            Tables[weights].Value,
            scratch,
            first + gradient.Columns,
            EmbeddingL2);
        _weightedKernel.Update(lookups, Tables[table], RoundingKey(table), gradient, rule, scratch, first);
    }
}
