using Dlrm.Distributed;

namespace Dlrm.Tests.Distributed;

/// <summary>Plans for <see cref="Model.ModelFixture"/>'s five tables of 100, 7, 1, 301 and 50 rows.</summary>
internal static class Plans
{
    /// <summary>Every way to divide a table, in one plan.</summary>
    public static ShardPlan Mixed(int ranks, bool columns = true)
    {
        int last = ranks - 1;
        return new ShardPlan(ranks, [
            columns
                ? new TablePlacement(0, TableSharding.Column, [last, 0], [0, 5, 13])
                : new TablePlacement(0, TableSharding.RowBlock, [0, last], [0, 10, 100]),
            new TablePlacement(1, TableSharding.Replicated, [], []),
            new TablePlacement(2, TableSharding.Table, [last], []),
            new TablePlacement(3, TableSharding.RowHash, [.. Enumerable.Range(0, ranks)], []),
            new TablePlacement(4, TableSharding.RowBlock, [last, 0], [0, 17, 50]),
        ]);
    }

    /// <summary>Whole tables in turn, one of them replicated.</summary>
    public static ShardPlan Whole(int ranks) => new(ranks, [
        .. Enumerable.Range(0, 5).Select(table => table == 1
            ? new TablePlacement(table, TableSharding.Replicated, [], [])
            : new TablePlacement(table, TableSharding.Table, [table % ranks], [])),
    ]);

    /// <summary>Two tables by columns, the others whole.</summary>
    public static ShardPlan Columns(int ranks) => Whole(ranks) with
    {
        Tables = [
            .. Whole(ranks).Tables.Select(placement => placement.Table is 0 or 3
                ? new TablePlacement(placement.Table, TableSharding.Column, [ranks - 1, 0], [0, 6, 13])
                : placement),
        ],
    };
}
