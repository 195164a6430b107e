using Dlrm.Kernels;
using Dlrm.Model;
using Dlrm.Optimizers;

namespace Dlrm.Distributed;

/// <summary>What ranks cannot do together, refused before anything starts.</summary>
internal static class DistributedRules
{
    /// <summary>The plan to go by: the one given, checked, or the reference's.</summary>
    /// <param name="config">The model.</param>
    /// <param name="options">How ranks share it.</param>
    /// <param name="optimizer">The update rule; null for a model that only predicts.</param>
    /// <param name="rule">What the rule takes besides; null for the defaults.</param>
    /// <exception cref="ArgumentException">Something does not go together; the message says what and what to do.</exception>
    public static ShardPlan Resolve(DlrmConfig config, DistributedOptions options, string? optimizer, OptimizerOptions? rule)
    {
        int ranks = options.Communicator.Size;
        ShardPlan plan = options.Plan ?? ShardPlan.Contiguous(config.TableRows.Count, ranks);
        plan.Validate(config);
        if (plan.Ranks != ranks)
        {
            throw new ArgumentException(
                $"The plan is for {plan.Ranks} ranks, but {ranks} run: make one for {ranks} (dlrm plan --ranks={ranks}), or leave --plan out.");
        }

        if (options.CommunicationFormat is not (StorageFormat.Float32 or StorageFormat.Float16 or StorageFormat.BFloat16))
        {
            throw new ArgumentException($"Pooled vectors travel as fp32, fp16 or bf16 (--comm-dtype), not as {options.CommunicationFormat}.");
        }

        if (optimizer is not null && (ranks > 1 || options.Deterministic) && config.Tower?.Normalization == "batch")
        {
            throw new ArgumentException(
                "--normalization=batch takes mean and variance over the whole batch, of which a rank (and a part of it with "
                + "--deterministic=ranks) sees a share: use --normalization=layer, or one process with more threads.");
        }

        TableLayout[] layouts = TableLayout.Of(config);
        foreach (TablePlacement placement in plan.Tables)
        {
            if (Refusal(layouts[placement.Table], placement.Sharding, optimizer, rule) is { } reason)
            {
                throw new ArgumentException(
                    $"The plan divides table {placement.Table} ({Word(placement.Sharding)}), but {reason}: place it whole on a rank (table).");
            }
        }

        if (rule?.ClipGradientNorm > 0 && ranks > 1 && layouts.Any(IsProjected))
        {
            throw new ArgumentException(
                "--clip-grad-norm needs the gradients of all dense parameters, but the projections of --md-flag's tables are on the ranks "
                + "that have the tables: leave one of the two out, or use one process.");
        }

        return options.Deterministic ? Deterministic(plan) : plan;
    }

    /// <summary>Why a table cannot be placed so; null where it can.</summary>
    /// <param name="layout">The table.</param>
    /// <param name="sharding">How it shall be placed.</param>
    /// <param name="optimizer">The update rule; null for a model that only predicts.</param>
    /// <param name="rule">What the rule takes besides; null for the defaults.</param>
    public static string? Refusal(TableLayout layout, TableSharding sharding, string? optimizer, OptimizerOptions? rule) => sharding switch
    {
        TableSharding.Table => null,
        _ when layout.QuotientRemainder is not null => "it is kept as quotient and remainder (--qr-flag), two tables that are looked up together",
        _ when IsProjected(layout) => "its pooled sum is projected (--md-flag)",
        TableSharding.Replicated => null,
        _ when layout.Storage is not (StorageFormat.Float32 or StorageFormat.Float16 or StorageFormat.BFloat16) =>
            $"its rows are kept as {layout.Storage}",
        TableSharding.RowBlock => null,
        _ when layout.Storage != StorageFormat.Float32 && optimizer is not null =>
            "it is kept in 16 bits (--embedding-dtype), whose rounding draws by the row's and column's place (row-block would do)",
        TableSharding.RowHash => null,
        _ when layout.HasPoolingWeights => "the gradient of its pooling weights (--weighted-pooling=learned) needs whole rows",
        _ when optimizer == "rwsadagrad" && rule?.EmbeddingL2 > 0 => "row-wise Adagrad with --embedding-l2 needs whole rows",
        _ => null,
    };

    private static bool IsProjected(TableLayout layout) => layout.IsMixedDimension && layout.Dimension < layout.PooledDimension;

    /// <summary>Checks a plan for equal bits, and places replicated tables whole: their gradients must be added in sample order.</summary>
    private static ShardPlan Deterministic(ShardPlan plan)
    {
        if (DistributedOptions.VirtualShards % plan.Ranks != 0)
        {
            throw new ArgumentException(
                $"--deterministic=ranks takes sums over {DistributedOptions.VirtualShards} parts of the batch, so 1, 2, 4 or 8 ranks; {plan.Ranks} "
                + "run: choose another number, or leave it out.");
        }

        if (plan.Tables.FirstOrDefault(placement => placement.Sharding is TableSharding.RowBlock or TableSharding.RowHash) is { } byRow)
        {
            throw new ArgumentException(
                $"The plan divides table {byRow.Table} by rows ({Word(byRow.Sharding)}): sums of a bag's rows would be added in an order that "
                + "depends on the plan, which --deterministic=ranks excludes: place it whole or by columns.");
        }

        return plan with
        {
            Tables =
            [
                .. plan.Tables.Select(placement => placement.Sharding == TableSharding.Replicated
                    ? new TablePlacement(placement.Table, TableSharding.Table, [placement.Table % plan.Ranks], [])
                    : placement),
            ],
        };
    }

    private static string Word(TableSharding sharding) => sharding switch
    {
        TableSharding.RowBlock => "row-block",
        TableSharding.RowHash => "row-hash",
        TableSharding.Column => "column",
        TableSharding.Replicated => "replicated",
        _ => "table",
    };
}
