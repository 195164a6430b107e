using CsCheck;
using Dlrm.Distributed;
using Dlrm.Model;
using Xunit;

namespace Dlrm.Tests.Distributed;

/// <summary>Random models, plans and numbers of ranks: what they train is what one process trains.</summary>
public sealed class RankPropertyTests
{
    private static readonly Gen<RankCase> s_cases =
        from rows in Gen.Int[1, 60].Array[1, 6]
        from dimension in Gen.Int[1, 20]
        from hidden in Gen.Int[1, 30]
        from interaction in Gen.OneOf(Gen.Const("dot"), Gen.Const("cat"), Gen.Const("sum"))
        from loss in Gen.OneOf(Gen.Const("mse"), Gen.Const("bce"))
        from mean in Gen.Bool
        from weighted in Gen.Bool
        from rule in Gen.OneOf(Gen.Const("sgd"), Gen.Const("adagrad"), Gen.Const("rwsadagrad"))
        from batch in Gen.Int[1, 40]
        from accumulated in Gen.Int[1, 2]
        select new RankCase(new DlrmConfig
        {
            TableRows = rows,
            EmbeddingDimension = dimension,
            BottomMlp = [3, hidden, dimension],
            TopMlp = [hidden, 1],
            Interaction = interaction,
            Loss = loss,
            Pooling = [mean ? "mean" : "sum"],
            WeightedPooling = weighted ? "learned" : "none",
        })
        {
            Optimizer = rule,
            BatchSize = batch,
            Steps = 3,
            Accumulated = accumulated,
            Rate = 0.02f,
        };

    [Fact]
    public void Any_plan_on_any_ranks_trains_what_one_process_trains()
    {
        Gen<(RankCase Case, ShardPlan Plan)> gen =
            from test in s_cases
            from ranks in Gen.Int[1, 5]
            from placements in Gen.Int[0, int.MaxValue].Array[test.Config.TableRows.Count]
            select (test, Plan(test.Config, ranks, placements));
        gen.Sample(
            sample => RankRun.Alone(sample.Case).AssertClose(RankRun.On(sample.Plan.Ranks, sample.Case, sample.Plan), tolerance: 2e-5),
            iter: 40,
            threads: 1,
            print: sample => $"{sample.Case.Config.ToJson()} {sample.Case} {sample.Plan.ToJson()}");
    }

    /// <summary>A placement of each table that the model allows, from a number.</summary>
    private static ShardPlan Plan(DlrmConfig config, int ranks, int[] numbers) => new(ranks, [
        .. numbers.Select((number, table) =>
        {
            var random = new System.Random(number);
            int[] order = [.. Enumerable.Range(0, ranks).OrderBy(_ => random.Next())];
            TableSharding sharding = (TableSharding)(number % 5);
            int extent = sharding == TableSharding.Column ? config.EmbeddingDimension : config.TableRows[table];
            int parts = Math.Min(random.Next(1, ranks + 1), extent);
            return sharding switch
            {
                TableSharding.Replicated => new TablePlacement(table, sharding, [], []),
                TableSharding.RowHash => new TablePlacement(table, sharding, order[..parts], []),
                TableSharding.RowBlock => new TablePlacement(table, sharding, order[..parts], Bounds(random, extent, parts)),
                TableSharding.Column when config.WeightedPooling == "none" =>
                    new TablePlacement(table, sharding, order[..parts], Bounds(random, extent, parts)),
                _ => new TablePlacement(table, TableSharding.Table, [order[0]], []),
            };
        }),
    ]);

    private static long[] Bounds(System.Random random, int extent, int parts) =>
        [0, .. Enumerable.Range(1, extent - 1).OrderBy(_ => random.Next()).Take(parts - 1).Order().Select(bound => (long)bound), extent];
}
