using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>
/// Adam on looked-up rows: the moments of a row move only in steps that look it up, as in PyTorch's SparseAdam. With
/// β₁ = 0.9, β₂ = 0.999, ε = 1e-8: <c>m = m + (1 − β₁)·(g − m)</c>, <c>v = β₂·v + (1 − β₂)·g²</c>,
/// <c>w = w − rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)</c>, g summed over the batch first.
/// </summary>
/// <remarks>
/// The bias is corrected by t, the steps of all tables from 1, not by how often a row was looked up: that would take a
/// counter a row, and give a row's first step the full rate however late it comes. State: <c>NAME.exp_avg</c> and
/// <c>NAME.exp_avg_sq</c>, each as large as the table, and <c>sparse.step</c>.
/// </remarks>
public sealed class LazyAdam : SparseOptimizer
{
    private readonly TableUpdate<AdamRule> _kernel;
    private readonly TableUpdate<WeightedRowRule<AdamRule, AdamRule>> _weightedKernel;
    private readonly OptimizerState[] _first;
    private readonly OptimizerState[] _second;
    private readonly AdamSteps _steps = new("sparse.step");

    /// <summary>Starts with zeroed state.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="tables">(E, D) each.</param>
    public LazyAdam(Engine engine, IReadOnlyList<Parameter> tables)
        : base("adam", tables)
    {
        _kernel = new TableUpdate<AdamRule>(engine.InstructionSet);
        _weightedKernel = new TableUpdate<WeightedRowRule<AdamRule, AdamRule>>(engine.InstructionSet);
        _first = OptimizerStates.Like(tables, "exp_avg");
        _second = OptimizerStates.Like(tables, "exp_avg_sq");
        States = [.. _first, .. _second, _steps.State];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> States { get; }

    /// <inheritdoc/>
    internal override void BeginStep() => _steps.Next();

    /// <inheritdoc/>
    internal override void UpdateRows(
        int table, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
        => _kernel.Update(lookups, Tables[table], RoundingKey(table), gradient, Rule(table, learningRate), scratch, first, EmbeddingL2);

    /// <inheritdoc/>
    internal override void UpdateWeightedRows(
        int table, int weights, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
    {
        var rule = new WeightedRowRule<AdamRule, AdamRule>(
            Rule(table, learningRate), Rule(weights, learningRate), Tables[weights].Value, scratch, first + gradient.Columns,
            EmbeddingL2);
        _weightedKernel.Update(lookups, Tables[table], RoundingKey(table), gradient, rule, scratch, first);
    }

    private AdamRule Rule(int table, float learningRate)
    {
        float step = (float)(learningRate * _steps.SecondRoot / _steps.First);
        return new AdamRule(_first[table].Value, _second[table].Value, 0, step, root: 1);
    }
}
