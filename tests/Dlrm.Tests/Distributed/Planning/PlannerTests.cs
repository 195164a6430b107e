using CsCheck;
using Dlrm.Distributed;
using Dlrm.Distributed.Planning;
using Xunit;

namespace Dlrm.Tests.Distributed.Planning;

public sealed class PlannerTests
{
    private const int Samples = 60;

    [Fact]
    public void A_plan_fits_its_model_and_is_never_worse_than_the_baselines() => Requests.Any.Sample(
        request =>
        {
            PlanResult result = Planner.Plan(request);
            result.Plan.Validate(request.Model);
            double step = result.Prediction.StepMs;
            return step <= result.Contiguous.Prediction.StepMs * (1 + 1e-9) && step <= result.Greedy.Prediction.StepMs * (1 + 1e-9);
        },
        iter: Samples);

    [Fact]
    public void The_same_request_gives_the_same_plan() => Requests.Any.Sample(
        request => Planner.Plan(request).Plan.ToJson() == Planner.Plan(request).Plan.ToJson(), iter: 20);

    [Fact]
    public void A_plan_predicts_what_its_file_predicts() => Requests.Any.Sample(
        request =>
        {
            PlanResult result = Planner.Plan(request);
            var read = ShardPlan.FromJson(result.Plan.ToJson());
            double again = Planner.Predict(request, read).StepMs;
            return Math.Abs(again - result.Prediction.StepMs) <= 1e-6 * again && Math.Abs(read.Predicted!.StepMs - again) <= 1e-6 * again;
        },
        iter: Samples);

    [Fact]
    public void No_rank_has_more_than_its_memory() => Requests.Any.Sample(
        request =>
        {
            // Twice what it takes when all is divided evenly: tight, yet possible.
            var model = new StepModel(request);
            double tables = model.Tables.Sum(table => (table.Rows * table.RowBytes) + (request.Ranks * table.PartBuffers));
            double everything = model.FixedMemory + (4 * request.Ranks * model.Tables.Sum(table => table.ReceivedBytes));
            PlanRequest tight = request with { MemoryPerRank = (long)(everything + (2 * tables / request.Ranks)) };
            return Planner.Plan(tight).Prediction.Ranks.All(rank => rank.MemoryBytes <= tight.MemoryPerRank + 1);
        },
        iter: Samples);

    [Theory]
    [InlineData(new[] { 1_000_000, 1_000_000, 1_000_000 }, 64, 2048)]
    [InlineData(new[] { 10_000_000, 40_000, 3 }, 16, 512)]
    [InlineData(new[] { 5_000_000, 4_000_000, 3_000_000, 2_000_000 }, 32, 1024)]
    public void Few_tables_on_two_ranks_are_placed_as_well_as_trying_everything_would(int[] rows, int dimension, int batch)
    {
        PlanRequest request = Requests.Of(rows, dimension, batch, ranks: 2) with
        {
            Lookups = [.. rows.Select((count, table) => TableLookups.PowerLaw(count, 1 + (10 * table), 0.9))],
        };
        double best = BruteForce(request);
        Assert.InRange(Planner.Plan(request).Prediction.StepMs, best * (1 - 1e-9), best * 1.02);
    }

    [Fact]
    public void Equal_tables_are_dealt_out_evenly_and_a_hot_one_gets_a_rank_for_itself()
    {
        PlanRequest even = Requests.Of([.. Enumerable.Repeat(1_000_000, 8)], 64, 2048, ranks: 4);
        PlanResult result = Planner.Plan(even);
        Assert.Equal(result.Prediction.Ranks.Min(rank => rank.GatherMs), result.Prediction.Ranks.Max(rank => rank.GatherMs), 1e-6);

        PlanRequest hot = Requests.Of([1_000_000, 1_000_000, 1_000_000, 1_000_000], 4, 2048, ranks: 2) with
        {
            Lookups = [TableLookups.Uniform(1_000_000, 60), .. Enumerable.Repeat(TableLookups.Uniform(1_000_000, 20), 3)],
        };
        result = Planner.Plan(hot);
        Assert.True(result.Prediction.Ranks.Max(rank => rank.GatherMs) < 1.1 * result.Prediction.Ranks.Average(rank => rank.GatherMs));
    }

    [Fact]
    public void Small_tables_are_replicated_where_the_network_is_slow()
    {
        PlanRequest request = Requests.Of([10, 20, 30, 20_000_000], 64, 65_536, ranks: 4, hosts: 4);
        ShardPlan plan = Planner.Plan(request).Plan;
        Assert.Equal(
            [TableSharding.Replicated, TableSharding.Replicated, TableSharding.Replicated],
            plan.Tables.Take(3).Select(placement => placement.Sharding).ToArray());
        Assert.NotEqual(TableSharding.Replicated, plan.Tables[3].Sharding);
    }

    [Fact]
    public void Rowwise_state_is_never_divided_by_columns() => Requests.Any.Sample(
        request => Planner.Plan(request with { Optimizer = "rwsadagrad" }).Plan.Tables.All(table => table.Sharding != TableSharding.Column),
        iter: 20);

    [Fact]
    public void A_table_larger_than_a_rank_is_divided()
    {
        PlanRequest request = Requests.Of([40_000_000, 100], 64, 256, ranks: 4) with { MemoryPerRank = 4L << 30 };
        PlanResult result = Planner.Plan(request);
        Assert.True(result.Plan.Tables[0].Ranks.Count > 1);
        Assert.False(result.Contiguous.Fits);
        Assert.All(result.Prediction.Ranks, rank => Assert.InRange(rank.MemoryBytes, 0, 4L << 30));
    }

    [Fact]
    public void What_does_not_fit_says_how_much_is_missing_and_how_many_ranks_would_do()
    {
        PlanRequest request = Requests.Of([40_000_000, 100], 64, 256, ranks: 2) with { MemoryPerRank = 2L << 30 };
        int least = Planner.LeastRanks(request);
        var error = Assert.Throws<InsufficientMemoryException>(() => Planner.Plan(request));
        Assert.Contains("lack 5.5", error.Message, StringComparison.Ordinal); // 40 million · 256 bytes = 9.54 GiB, less 2 · 2 GiB
        Assert.Contains($"--ranks={least}", error.Message, StringComparison.Ordinal);
        Assert.Equal(5, least);
        Planner.Plan(request with { Ranks = least });
        Assert.Throws<InsufficientMemoryException>(() => Planner.Plan(request with { Ranks = least - 1 }));
    }

    [Fact]
    public void Towers_that_leave_no_memory_are_named()
    {
        PlanRequest request = Requests.Of([100], 8, 4096, ranks: 2) with { MemoryPerRank = 1 << 16 };
        string message = Assert.Throws<InsufficientMemoryException>(() => Planner.Plan(request)).Message;
        Assert.Contains("towers and activations alone", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Requests_that_contradict_themselves_are_refused()
    {
        Assert.Contains("hosts", Assert.Throws<ArgumentException>(() => Planner.Plan(Requests.Of([10], 8, 64, 4) with { Hosts = 3 })).Message, StringComparison.Ordinal);
        Assert.Contains("no sample", Assert.Throws<ArgumentException>(() => Planner.Plan(Requests.Of([10], 8, 3, 4))).Message, StringComparison.Ordinal);
        Assert.Contains("statistics", Assert.Throws<ArgumentException>(() => Planner.Plan(Requests.Of([10], 8, 64, 4) with { Lookups = [] })).Message, StringComparison.Ordinal);
    }

    /// <summary>Every table in every way, on every rank; the least time.</summary>
    private static double BruteForce(PlanRequest request)
    {
        var model = new StepModel(request);
        var search = new PlanSearch(model);
        var assignment = new Assignment(model);
        double best = double.PositiveInfinity;
        Try(0);
        return 1e3 * best;

        void Try(int table)
        {
            if (table == assignment.Tables)
            {
                best = Math.Min(best, model.Seconds(assignment.Loads));
                return;
            }

            foreach (ShardChoice choice in search.Choices(table))
            {
                int[][] places = choice.IsReplicated ? [[]] : choice.Parts.Length == 1 ? [[0], [1]] : [[0, 1], [1, 0]];
                foreach (int[] ranks in places)
                {
                    assignment.Put(table, choice, ranks);
                    Try(table + 1);
                }
            }
        }
    }
}
