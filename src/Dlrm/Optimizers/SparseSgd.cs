using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>Stochastic gradient descent on looked-up rows: <c>w = fma(−rate, g, w)</c>, g summed over the batch.</summary>
/// <param name="engine">Says which instructions to use.</param>
/// <param name="tables">(E, D) each.</param>
public sealed class SparseSgd(Engine engine, IReadOnlyList<Parameter> tables) : SparseOptimizer("sgd", tables)
{
    private readonly TableUpdate<SgdRule> _kernel = new(engine.InstructionSet);
    private readonly TableUpdate<WeightedRowRule<SgdRule, SgdRule>> _weightedKernel = new(engine.InstructionSet);

    /// <inheritdoc/>
    internal override void UpdateRows(
        int table, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
        => _kernel.Update(lookups, Tables[table], RoundingKey(table), gradient, new SgdRule(learningRate), scratch, first, EmbeddingL2);

    /// <inheritdoc/>
    internal override void UpdateWeightedRows(
        int table, int weights, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
    {
        var rule = new WeightedRowRule<SgdRule, SgdRule>(
            new SgdRule(learningRate),
            new SgdRule(learningRate),
            Tables[weights].Value,
            scratch,
            first + gradient.Columns,
            EmbeddingL2);
        _weightedKernel.Update(lookups, Tables[table], RoundingKey(table), gradient, rule, scratch, first);
    }
}
