using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Distributed;

/// <summary>Gives a rank's tables the values that one process would give them, without making the tables of others.</summary>
/// <remarks>
/// A table that is here whole draws its own values. In the place of any other stands one without memory, whose draws, a
/// megabyte or so at a time, go to the rows and columns kept here, or to nobody: the generators advance as they must.
/// </remarks>
internal sealed class ShardInitializer : IDisposable
{
    private readonly List<EmbeddingTable> _standIns = [];

    /// <summary>Prepares to initialize.</summary>
    /// <param name="parallel">Which tables are here.</param>
    /// <param name="engine">What to compute with.</param>
    public ShardInitializer(HybridParallelism parallel, Engine engine)
    {
        var here = new Dictionary<int, EmbeddingTable>();
        foreach (EmbeddingTable table in parallel.Tables.Tables.Concat(parallel.Replicas?.Tables.Tables ?? []))
        {
            here.Add(table.Number, table);
        }

        Tables =
        [
            .. parallel.Map.Layouts.Select(layout =>
                here.TryGetValue(layout.Number, out EmbeddingTable? table) && table.Parameters[0].Region is null
                    ? table
                    : StandIn(layout, engine, table)),
        ];
    }

    /// <summary>All tables of the model, in order: to be initialized.</summary>
    public IReadOnlyList<EmbeddingTable> Tables { get; }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _standIns.ForEach(table => table.Dispose());

    private EmbeddingTable StandIn(TableLayout layout, Engine engine, EmbeddingTable? part)
    {
        EmbeddingTable table = (layout with { Storage = Kernels.StorageFormat.Float32 }).Create(engine, training: false);
        _standIns.Add(table);
        foreach (Parameter parameter in table.Parameters)
        {
            parameter.Sink = (_, _) => { };
        }

        if (table.PoolingWeight is { } weight)
        {
            weight.Sink = (_, _) => { };
        }

        if (part is not null)
        {
            part.PoolingWeight?.FillWith(1);
            Parameter kept = part.Parameters[0];
            table.Parameters[0].Sink = (firstRow, rows) => Keep(kept, (int)firstRow, rows);
        }

        return table;
    }

    private static void Keep(Parameter part, int firstRow, ReadOnlySpan<float> rows)
    {
        ShardRegion region = part.Region!;
        for (int row = 0; row < rows.Length / region.Columns; row++)
        {
            int local = region.LocalRow(firstRow + row);
            if (local >= 0)
            {
                part.Write(local, rows.Slice((row * region.Columns) + region.FirstColumn, region.ColumnCount));
            }
        }
    }
}
