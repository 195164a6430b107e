using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary><see cref="DenseFtrl"/>'s formula on looked-up rows, g summed over the batch first.</summary>
/// <remarks>State: <c>NAME.linear</c> and <c>NAME.accumulator</c>, each as large as the table.</remarks>
public sealed class SparseFtrl : SparseOptimizer
{
    private readonly TableUpdate<FtrlRule> _kernel;
    private readonly TableUpdate<WeightedRowRule<FtrlRule, FtrlRule>> _weightedKernel;
    private readonly OptimizerOptions _options;
    private readonly OptimizerState[] _linear;
    private readonly OptimizerState[] _squares;

    /// <summary>Starts with zeroed state.</summary>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="tables">(E, D) each.</param>
    /// <param name="options">β, λ₁, λ₂; null for the defaults.</param>
    public SparseFtrl(Engine engine, IReadOnlyList<Parameter> tables, OptimizerOptions? options = null)
        : base("ftrl", tables)
    {
        _kernel = new TableUpdate<FtrlRule>(engine.InstructionSet);
        _weightedKernel = new TableUpdate<WeightedRowRule<FtrlRule, FtrlRule>>(engine.InstructionSet);
        _options = options ?? new OptimizerOptions();
        _linear = OptimizerStates.Like(tables, "linear");
        _squares = OptimizerStates.Like(tables, "accumulator");
        States = [.. _linear, .. _squares];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> States { get; }

    /// <inheritdoc/>
    internal override void UpdateRows(
        int table, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
        => _kernel.Update(lookups, Tables[table], RoundingKey(table), gradient, Rule(table, learningRate), scratch, first, EmbeddingL2);

    /// <inheritdoc/>
    internal override void UpdateWeightedRows(
        int table, int weights, in SortedLookups lookups, MatrixView gradient, float learningRate, NativeBuffer<float> scratch, long first)
    {
        var rule = new WeightedRowRule<FtrlRule, FtrlRule>(
            Rule(table, learningRate), Rule(weights, learningRate), Tables[weights].Value, scratch, first + gradient.Columns,
            EmbeddingL2);
        _weightedKernel.Update(lookups, Tables[table], RoundingKey(table), gradient, rule, scratch, first);
    }

    private FtrlRule Rule(int table, float learningRate) => new(
        _linear[table].Value,
        _squares[table].Value,
        0,
        learningRate,
        _options.FtrlBeta,
        _options.FtrlL1,
        _options.FtrlL2);
}
