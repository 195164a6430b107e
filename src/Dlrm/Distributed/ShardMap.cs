using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Distributed;

/// <summary>A plan worked out: every rank's parts of tables, and the columns in which pooled vectors travel.</summary>
/// <remarks>
/// A rank sends, for every sample, the pooled vectors of its parts side by side, by rising table: Width(rank) floats; and
/// receives their gradients the same way, GradientWidth(rank) floats. Replicated tables are on every rank and in neither.
/// </remarks>
internal sealed class ShardMap
{
    private readonly TableShard[][] _shards;
    private readonly int[] _widths;
    private readonly int[] _gradientWidths;

    /// <summary>Works out a plan.</summary>
    /// <param name="config">The model.</param>
    /// <param name="plan">A plan for it.</param>
    /// <param name="wholeRowGradients">True for a rule that looks at the gradient of a whole row to update a part of it.</param>
    /// <exception cref="ArgumentException">The plan does not fit the model.</exception>
    public ShardMap(DlrmConfig config, ShardPlan plan, bool wholeRowGradients)
    {
        plan.Validate(config);
        Ranks = plan.Ranks;
        Layouts = TableLayout.Of(config);
        Replicas = [.. plan.Tables.Where(placement => placement.Sharding == TableSharding.Replicated).Select(placement => placement.Table)];
        List<TableShard>[] shards = [.. Enumerable.Range(0, Ranks).Select(_ => new List<TableShard>())];
        _widths = new int[Ranks];
        _gradientWidths = new int[Ranks];
        foreach (TablePlacement placement in plan.Tables)
        {
            for (int part = 0; part < placement.Ranks.Count; part++)
            {
                TableShard shard = Part(Layouts[placement.Table], placement, part);
                int rank = shard.Rank;
                bool needsRows = wholeRowGradients && shard.Sharding == TableSharding.Column;
                shard = shard with
                {
                    Column = _widths[rank],
                    GradientColumn = _gradientWidths[rank],
                    GradientWidth = needsRows ? shard.Region.Columns : shard.Width,
                };
                shards[rank].Add(shard);
                _widths[rank] += shard.Width;
                _gradientWidths[rank] += shard.GradientWidth;
            }
        }

        _shards = [.. shards.Select(list => list.ToArray())];
    }

    /// <summary>N.</summary>
    public int Ranks { get; }

    /// <summary>All tables, whole.</summary>
    public IReadOnlyList<TableLayout> Layouts { get; }

    /// <summary>Numbers of the tables that every rank has.</summary>
    public IReadOnlyList<int> Replicas { get; }

    /// <summary>A rank's parts, by rising table.</summary>
    /// <param name="rank">The rank.</param>
    public TableShard[] Shards(int rank) => _shards[rank];

    /// <summary>Columns of a rank's pooled vectors, side by side.</summary>
    /// <param name="rank">The rank.</param>
    public int Width(int rank) => _widths[rank];

    /// <summary>Columns of their gradients.</summary>
    /// <param name="rank">The rank.</param>
    public int GradientWidth(int rank) => _gradientWidths[rank];

    private static TableShard Part(TableLayout layout, TablePlacement placement, int part)
    {
        int parts = placement.Ranks.Count;
        int rows = layout.Rows;
        int columns = layout.Dimension;
        (int firstRow, int endRow, int firstColumn, int endColumn) = placement.Sharding switch
        {
            TableSharding.RowBlock => ((int)placement.Bounds[part], (int)placement.Bounds[part + 1], 0, columns),
            TableSharding.Column => (0, rows, (int)placement.Bounds[part], (int)placement.Bounds[part + 1]),
            TableSharding.RowHash => (RowHash.Start(rows, part, parts), RowHash.Start(rows, part + 1, parts), 0, columns),
            _ => (0, rows, 0, columns),
        };
        RowHash? hash = placement.Sharding == TableSharding.RowHash ? new RowHash(rows) : null;
        var region = new ShardRegion(rows, columns, firstRow, endRow - firstRow, firstColumn, endColumn - firstColumn, hash);
        return new TableShard(layout, placement.Sharding, placement.Ranks[part], part, parts, region);
    }
}
