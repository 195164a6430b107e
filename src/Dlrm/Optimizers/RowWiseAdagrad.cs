using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>
/// Adagrad on looked-up rows with one accumulator a row: <c>s = s + mean(g²)</c>,
/// <c>w = fma(−rate / (√s + 1e-10), g, w)</c>, g summed over the batch first, s from 0.
/// </summary>
/// <remarks>The reference's <c>rwsadagrad</c>. State: <c>NAME.momentum</c>, its name there, one number a row. Pooling weights get plain Adagrad, as dense parameters do there.</remarks>
public sealed class RowWiseAdagrad : SparseOptimizer
{
    private readonly TableUpdate<RowWiseAdagradRule> _kernel;
    private readonly TableUpdate<WeightedRowRule<RowWiseAdagradRule, AdagradRule>> _weightedKernel;
    private readonly RowUpdate<ColumnRowWiseAdagradRule> _columnKernel;
    private readonly OptimizerState[] _states;

    /// <summary>Starts with zeroed state.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="tables">(E, D) each.</param>
    public RowWiseAdagrad(Engine engine, IReadOnlyList<Parameter> tables)
        : base("rwsadagrad", tables)
    {
        _kernel = new TableUpdate<RowWiseAdagradRule>(engine.InstructionSet);
        _weightedKernel = new TableUpdate<WeightedRowRule<RowWiseAdagradRule, AdagradRule>>(engine.InstructionSet);
        _columnKernel = RowUpdate<ColumnRowWiseAdagradRule>.For(engine.InstructionSet);
        _states = [.. tables.Select(t => new OptimizerState(
            t.Name + (t.Shape.Count == 1 ? ".sum" : ".momentum"), [t.Shape[0]], new NativeBuffer<float>(t.Shape[0])) { Region = t.Region })];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> States => _states;

    /// <inheritdoc/>
    internal override void UpdateRows(
        int table, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
    {
        NativeBuffer<float> state = _states[table].Value;
        Parameter weights = Tables[table];
        if (weights.Region is { } region && region.ColumnCount < gradient.Columns)
        {
            var rule = new ColumnRowWiseAdagradRule(state, weights.Value, region.FirstColumn, region.ColumnCount, learningRate);
            _columnKernel.Update(lookups, null, gradient, rule, scratch, first);
            return;
        }

        _kernel.Update(
            lookups, weights, RoundingKey(table), gradient, new RowWiseAdagradRule(state, learningRate), scratch, first, EmbeddingL2);
    }

    /// <inheritdoc/>
    internal override void UpdateWeightedRows(
        int table, int weights, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
    {
        var rule = new WeightedRowRule<RowWiseAdagradRule, AdagradRule>(
            new RowWiseAdagradRule(_states[table].Value, learningRate),
            new AdagradRule(_states[weights].Value, 0, learningRate),
            Tables[weights].Value,
            scratch,
            first + gradient.Columns,
            EmbeddingL2);
        _weightedKernel.Update(lookups, Tables[table], RoundingKey(table), gradient, rule, scratch, first);
    }
}
