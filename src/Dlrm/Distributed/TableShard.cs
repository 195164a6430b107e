using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Distributed;

/// <summary>The part of a table that one rank holds, and its place in what ranks exchange.</summary>
/// <param name="Layout">The whole table.</param>
/// <param name="Sharding">How it is divided.</param>
/// <param name="Rank">Who holds the part.</param>
/// <param name="Part">Number of the part, from 0.</param>
/// <param name="Parts">Parts of the table.</param>
/// <param name="Region">Which rows and columns it is.</param>
internal sealed record TableShard(
    TableLayout Layout, TableSharding Sharding, int Rank, int Part, int Parts, ShardRegion Region)
{
    /// <summary>Which categorical feature, from 0.</summary>
    public int Table => Layout.Number;

    /// <summary>The first column of its pooled vectors among those of the rank.</summary>
    public int Column { get; init; }

    /// <summary>Columns of its pooled vectors.</summary>
    public int Width => Sharding == TableSharding.Column ? Region.ColumnCount : Layout.PooledDimension;

    /// <summary>The first column of its gradients among those of the rank.</summary>
    public int GradientColumn { get; init; }

    /// <summary>Columns of its gradients: whole rows where the rule needs them.</summary>
    public int GradientWidth { get; init; }

    /// <summary>The first column of its gradients in the table's feature.</summary>
    public int FirstGradient => GradientWidth == Width ? Region.FirstColumn : 0;

    /// <summary>True where the rank holds some rows alone: pooled vectors of the parts are added.</summary>
    public bool IsByRow => Sharding is TableSharding.RowBlock or TableSharding.RowHash;

    /// <summary>True where parts pool sums whose means are taken by the rank that has the sample.</summary>
    public bool HasMeanOutside => Layout.IsMean && Sharding != TableSharding.Table;

    /// <summary>Bytes of its parameters.</summary>
    public long Bytes => Sharding == TableSharding.Table
        ? Layout.Bytes
        : Region.RowCount * (Layout.Storage.RowBytes(Region.ColumnCount) + (Layout.HasPoolingWeights ? sizeof(float) : 0));

    /// <summary>Makes the part, zeroed.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="training">Whether dense parameters keep a gradient.</param>
    public EmbeddingTable Create(Engine engine, bool training)
    {
        if (Sharding == TableSharding.Table)
        {
            return Layout.Create(engine, training);
        }

        TableLayout part = Layout with
        {
            Rows = Region.RowCount,
            Dimension = Region.ColumnCount,
            PooledDimension = Region.ColumnCount,
            IsMean = false,
        };
        EmbeddingTable table = part.Create(engine, training);
        if (!Region.IsWhole)
        {
            table.Parameters[0].Region = Region;
            if (table.PoolingWeight is { } weight)
            {
                weight.Region = Region with { Columns = 1, FirstColumn = 0, ColumnCount = 1 };
            }
        }

        return table;
    }
}
