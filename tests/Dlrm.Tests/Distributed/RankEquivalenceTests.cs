using Dlrm.Distributed;
using Dlrm.Layers;
using Dlrm.Optimizers;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Tests.Distributed;

/// <summary>Ranks that share a model train as one process does.</summary>
public sealed class RankEquivalenceTests
{
    /// <summary>Every optimizer, with what it takes besides.</summary>
    public static TheoryData<string> Rules => ["sgd", "momentum", "adagrad", "rwsadagrad", "adam", "ftrl"];

    /// <summary>The losses, with sample weights or without.</summary>
    public static TheoryData<string, bool> Losses => new()
    {
        { "mse", false }, { "bce", true }, { "wbce", false }, { "wbce", true },
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whole_tables_divided_as_in_the_reference(int ranks)
    {
        var test = new RankCase(ModelFixture.Config());
        RankRun.Alone(test).AssertClose(RankRun.On(ranks, test, plan: null));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Every_rule_on_tables_divided_in_every_way(string rule)
    {
        var test = new RankCase(ModelFixture.Config())
        {
            Optimizer = rule == "momentum" ? "sgd" : rule,
            Rule = rule switch
            {
                "momentum" => new OptimizerOptions { Momentum = 0.9f, WeightDecay = 0.01f, ClipGradientNorm = 0.1f },
                "adagrad" => new OptimizerOptions { EmbeddingL2 = 0.01f },
                _ => null,
            },
            Rate = rule == "adam" ? 0.01f : 0.1f,
        };
        RankRun.Alone(test).AssertClose(RankRun.On(3, test, Plans.Mixed(3)));
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Every_loss(string loss, bool weighted)
    {
        var test = new RankCase(ModelFixture.Config(loss: loss) with { LossWeights = [0.5, 2], LossThreshold = 0.01f }) { Weighted = weighted };
        RankRun.Alone(test).AssertClose(RankRun.On(2, test, Plans.Mixed(2)));
    }

    [Theory]
    [InlineData("dot-dense")]
    [InlineData("cat")]
    [InlineData("sum")]
    [InlineData("dcn")]
    public void Every_interaction(string interaction)
    {
        var test = new RankCase(ModelFixture.Config(interaction)) { Rate = 0.01f };
        RankRun.Alone(test).AssertClose(RankRun.On(3, test, Plans.Mixed(3)));
    }

    [Theory]
    [InlineData("qr-mult")]
    [InlineData("qr-concat+weighted")]
    [InlineData("md+mean")]
    [InlineData("md+weighted")]
    [InlineData("qr-add+mean")]
    public void Tables_that_are_more_than_rows_are_placed_whole(string tables)
    {
        var test = new RankCase(ModelFixture.Compressed(tables)) { Optimizer = "adagrad", Rate = 0.02f };
        RankRun.Alone(test).AssertClose(RankRun.On(3, test, plan: null));
    }

    [Theory]
    [InlineData("mean")]
    [InlineData("mixed")]
    public void Means_are_taken_of_whole_sums(string tables)
    {
        var test = new RankCase(ModelFixture.Compressed(tables)) { Optimizer = "rwsadagrad" };
        RankRun.Alone(test).AssertClose(RankRun.On(3, test, Plans.Mixed(3)));
    }

    [Fact]
    public void Learned_pooling_weights_are_divided_with_their_rows()
    {
        var test = new RankCase(ModelFixture.Compressed("weighted+mixed")) { Optimizer = "adagrad" };
        RankRun.Alone(test).AssertClose(RankRun.On(3, test, Plans.Mixed(3, columns: false)));
    }

    [Fact]
    public void Rows_in_16_bits_are_rounded_as_in_one_process()
    {
        var test = new RankCase(ModelFixture.Compressed("bf16")) { Optimizer = "rwsadagrad" };
        ShardPlan plan = new(3, [
            new(0, TableSharding.RowBlock, [2, 0], [0, 30, 100]),
            new(1, TableSharding.Replicated, [], []),
            new(2, TableSharding.Table, [1], []),
            new(3, TableSharding.RowBlock, [0, 1, 2], [0, 100, 200, 301]),
            new(4, TableSharding.Table, [0], []),
        ]);

        // Rounding to 8 bits makes a difference of one unit in the last place a difference of one in the 8th where a draw is near.
        RankRun.Alone(test).AssertClose(RankRun.On(3, test, plan), tolerance: 1e-3);
    }

    [Fact]
    public void Batches_smaller_than_the_ranks_leave_some_without_samples()
    {
        var test = new RankCase(ModelFixture.Config()) { BatchSize = 2, Optimizer = "adagrad" };
        RankRun.Alone(test).AssertClose(RankRun.On(4, test, Plans.Mixed(4)));
    }

    [Theory]
    [InlineData("full")]
    [InlineData("mixed")]
    public void Gradients_accumulate_over_batches(string tables)
    {
        var test = new RankCase(ModelFixture.Compressed(tables)) { Accumulated = 3, Steps = 3, Optimizer = "adagrad" };
        RankRun.Alone(test).AssertClose(RankRun.On(3, test, Plans.Mixed(3)));
    }

    [Fact]
    public void Dropout_drops_the_same_numbers_and_layers_are_normalized()
    {
        var test = new RankCase(ModelFixture.Config() with { Tower = new TowerOptions { Dropout = 0.3f, Normalization = "layer", Activation = "gelu" } });
        RankRun.Alone(test).AssertClose(RankRun.On(3, test, Plans.Mixed(3)));
    }

    [Fact]
    public void Averaged_weights_are_those_of_one_process()
    {
        var test = new RankCase(ModelFixture.Config()) { Rule = new OptimizerOptions { AverageDecay = 0.9 } };
        RankRun.Alone(test).AssertClose(RankRun.On(2, test, Plans.Mixed(2)));
    }

    [Fact]
    public void The_same_bits_run_after_run_and_on_any_number_of_threads()
    {
        var test = new RankCase(ModelFixture.Config()) { Optimizer = "rwsadagrad" };
        RankRun first = RankRun.On(3, test, Plans.Mixed(3));
        first.AssertSameBits(RankRun.On(3, test, Plans.Mixed(3)));
        first.AssertSameBits(RankRun.On(3, test with { Threads = 3 }, Plans.Mixed(3)));
    }

    [Theory]
    [InlineData("dot", "adagrad")]
    [InlineData("dcn", "sgd")]
    public void Deterministic_ranks_give_the_same_bits_whatever_their_number_and_plan(string interaction, string rule)
    {
        var test = new RankCase(ModelFixture.Config(interaction)) { Optimizer = rule, Rate = 0.01f };
        RankRun one = RankRun.On(1, test, Plans.Whole(1), options => options with { Deterministic = true });
        RankRun.Alone(test).AssertClose(one);
        foreach (int ranks in (int[])[2, 4, 8])
        {
            one.AssertSameBits(RankRun.On(ranks, test, Plans.Columns(ranks), options => options with { Deterministic = true }));
        }

        RankCase small = test with { BatchSize = 3 };
        RankRun.On(1, small, null, options => options with { Deterministic = true })
            .AssertSameBits(RankRun.On(8, small, null, options => options with { Deterministic = true }));
    }
}
