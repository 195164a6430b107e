using Dlrm.Distributed;
using Dlrm.Distributed.Planning;
using Xunit;

namespace Dlrm.Tests.Distributed.Planning;

public sealed class StepModelTests
{
    [Fact]
    public void One_rank_exchanges_nothing()
    {
        StepPrediction step = Planner.Plan(Requests.Of([1000, 2000], 16, 128, ranks: 1)).Prediction;
        Assert.Equal(0, step.ExchangeMs);
        Assert.Equal(0, step.AllReduceMs);
        Assert.Equal(step.StepMs, step.Stages.Sum(stage => stage.Milliseconds), 1e-9);
        Assert.Equal(step.StepMs, step.Breakdown.Values.Sum(), 1e-9);
    }

    [Fact]
    public void A_whole_table_sends_its_vector_of_every_sample_that_is_elsewhere()
    {
        PlanRequest request = Requests.Of([1_000_000, 1_000_000], 16, 100, ranks: 4);
        var plan = new ShardPlan(4, [Whole(0, 0), Whole(1, 3)]);
        IReadOnlyList<RankPrediction> ranks = Planner.Predict(request, plan).Ranks;
        Assert.Equal(16 * 4 * 75, ranks[0].SentBytes);
        Assert.Equal(16 * 4 * 25, ranks[0].ReceivedBytes);
        Assert.Equal(0, ranks[1].SentBytes);
        Assert.Equal(2 * 16 * 4 * 25, ranks[1].ReceivedBytes);
    }

    [Fact]
    public void Columns_share_the_bytes_and_blocks_of_rows_each_send_all()
    {
        PlanRequest request = Requests.Of([1_000_000], 16, 100, ranks: 2);
        double columns = Planner.Predict(request, new ShardPlan(2, [new TablePlacement(0, TableSharding.Column, [0, 1], [0, 8, 16])])).Ranks.Sum(rank => rank.SentBytes);
        double rows = Planner.Predict(request, new ShardPlan(2, [new TablePlacement(0, TableSharding.RowBlock, [0, 1], [0, 500_000, 1_000_000])])).Ranks.Sum(rank => rank.SentBytes);
        Assert.Equal(16 * 4 * 50, columns);
        Assert.Equal(2 * columns, rows);
    }

    [Fact]
    public void More_threads_than_cores_take_turns()
    {
        PlanRequest request = Requests.Of([1_000_000, 1_000_000, 1_000_000, 1_000_000], 64, 4096, ranks: 4) with { Machine = Machines.Server(cores: 4) };
        ShardPlan plan = ShardPlan.Contiguous(4, 4);
        StepPrediction four = Planner.Predict(request, plan);
        StepPrediction two = Planner.Predict(request with { Machine = Machines.Server(cores: 2) }, plan);
        Assert.Equal(2 * four.BottomMs, two.BottomMs, 1e-9);
        Assert.Equal(2 * four.GatherMs, two.GatherMs, 1e-9);
    }

    [Fact]
    public void The_hottest_rank_decides_the_time()
    {
        PlanRequest request = Requests.Of([1_000_000, 1_000_000, 1_000_000, 1_000_000], 64, 2048, ranks: 2);
        StepPrediction even = Planner.Predict(request, new ShardPlan(2, [Whole(0, 0), Whole(1, 1), Whole(2, 0), Whole(3, 1)]));
        StepPrediction uneven = Planner.Predict(request, new ShardPlan(2, [Whole(0, 0), Whole(1, 0), Whole(2, 0), Whole(3, 1)]));
        Assert.Equal(1.5 * even.GatherMs, uneven.GatherMs, 1e-9);
        Assert.True(uneven.UpdateMs > even.UpdateMs);
    }

    [Fact]
    public void A_block_with_the_hot_rows_has_their_lookups()
    {
        PlanRequest request = Requests.Of([1_000_000], 16, 1000, ranks: 2) with { Lookups = [TableLookups.PowerLaw(1_000_000, 10, 1.2)] };
        StepPrediction step = Planner.Predict(request, new ShardPlan(2, [new TablePlacement(0, TableSharding.RowBlock, [0, 1], [0, 500_000, 1_000_000])]));
        Assert.True(step.Ranks[0].GatherMs > 5 * step.Ranks[1].GatherMs);
    }

    [Fact]
    public void A_slower_network_takes_longer_and_computing_hides_a_part()
    {
        PlanRequest request = Requests.Of([1_000_000, 1_000_000], 64, 16_384, ranks: 2, hosts: 2);
        double[] exchange = [.. new[] { 1.0, 10, 100 }.Select(gbit => Planner.Predict(
            request with { Machine = request.Machine with { Exchange = new ExchangeFigures { NetworkGbitPerSecond = gbit } } },
            ShardPlan.Contiguous(2, 2)).ExchangeMs)];
        Assert.True(exchange[0] > 5 * exchange[1]);
        Assert.True(exchange[1] > exchange[2]);

        // 64 columns · 8192 samples · 4 bytes each way twice at 1 Gbit/s, less what the bottom tower hides.
        Assert.InRange(exchange[0], 0.9 * 2 * 64 * 8192 * 4 * 8 / 1e6, 2.2 * 64 * 8192 * 4 * 8 / 1e6);
    }

    [Fact]
    public void What_is_measured_here_has_the_stages_that_are_predicted()
    {
        PlanRequest request = Requests.Of([300, 2000, 50], 8, 64, ranks: 2) with
        {
            Lookups = [TableLookups.PowerLaw(300, 3, 1), TableLookups.Uniform(2000, 1.5), TableLookups.PowerLaw(50, 1, 0.5)],
        };
        PlanResult result = Planner.Plan(request);
        foreach (MeasuredStep measured in new[]
        {
            PlanMeasurement.Measure(request, result.Plan, seconds: 0), PlanMeasurement.Measure(request with { Ranks = 1 }, ShardPlan.Contiguous(3, 1), seconds: 0),
        })
        {
            Assert.True(measured.StepMs > 0);
            Assert.True(measured.Steps >= 8);
            Assert.True(measured.Breakdown.Keys.ToHashSet().IsSupersetOf(result.Prediction.Breakdown.Keys));
        }
    }

    private static TablePlacement Whole(int table, int rank) => new(table, TableSharding.Table, [rank], []);
}
