using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Tests.Distributed;

/// <summary>What ranks cannot do is refused before anything starts, with the reason.</summary>
public sealed class DistributedRulesTests
{
    [Theory]
    [InlineData("qr-mult", "adagrad", TableSharding.RowBlock, "quotient and remainder")]
    [InlineData("qr-mult", "adagrad", TableSharding.Replicated, "quotient and remainder")]
    [InlineData("md", "adagrad", TableSharding.Replicated, "projected")]
    [InlineData("weighted", "adagrad", TableSharding.Column, "pooling weights")]
    [InlineData("bf16", "sgd", TableSharding.RowHash, "16 bits")]
    [InlineData("bf16", "sgd", TableSharding.Column, "16 bits")]
    public void A_table_that_cannot_be_divided_so(string tables, string optimizer, TableSharding sharding, string reason)
    {
        var placement = sharding switch
        {
            TableSharding.RowBlock => new TablePlacement(3, sharding, [0, 1], [0, 100, 301]),
            TableSharding.Column => new TablePlacement(3, sharding, [0, 1], [0, 1, 13]),
            TableSharding.RowHash => new TablePlacement(3, sharding, [0, 1], []),
            _ => new TablePlacement(3, sharding, [], []),
        };
        string message = Refused(ModelFixture.Compressed(tables), WithTable3(placement), optimizer);
        Assert.Contains("table 3", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains("place it whole", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Row_wise_Adagrad_with_decay_of_whole_rows_on_columns() => Assert.Contains(
        "needs whole rows",
        Refused(ModelFixture.Config(), Plans.Mixed(2), "rwsadagrad", new OptimizerOptions { EmbeddingL2 = 0.1f }),
        StringComparison.Ordinal);

    [Fact]
    public void Batch_normalization() => Assert.Contains(
        "--normalization=layer",
        Refused(ModelFixture.Config() with { Tower = new TowerOptions { Normalization = "batch" } }, Plans.Mixed(2), "sgd"),
        StringComparison.Ordinal);

    [Fact]
    public void Clipping_where_projections_are_elsewhere() => Assert.Contains(
        "--clip-grad-norm",
        Refused(ModelFixture.Compressed("md"), null, "sgd", new OptimizerOptions { ClipGradientNorm = 1 }),
        StringComparison.Ordinal);

    [Fact]
    public void A_plan_for_another_number_of_ranks() => Assert.Contains(
        "The plan is for 3 ranks, but 2 run", Refused(ModelFixture.Config(), Plans.Mixed(3), "sgd"), StringComparison.Ordinal);

    [Fact]
    public void Equal_bits_on_a_number_of_ranks_that_is_no_power_of_two_or_on_tables_by_row()
    {
        Assert.Contains("1, 2, 4 or 8 ranks", Refused(ModelFixture.Config(), null, "sgd", ranks: 3, deterministic: true), StringComparison.Ordinal);
        Assert.Contains("divides table 3 by rows", Refused(ModelFixture.Config(), Plans.Mixed(2), "sgd", deterministic: true), StringComparison.Ordinal);
    }

    [Fact]
    public void A_format_that_vectors_do_not_travel_in() => LocalCommunicator.Run(1, communicator =>
    {
        using var engine = new Engine(1);
        var exception = Assert.Throws<ArgumentException>(() => new DlrmModel(
            ModelFixture.Config(), engine, "sgd", null, new DistributedOptions { Communicator = communicator, CommunicationFormat = StorageFormat.Int8 }));
        Assert.Contains("--comm-dtype", exception.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_whole_batch_where_a_part_is_expected() => LocalCommunicator.Run(1, communicator =>
    {
        using var engine = new Engine(1);
        using var model = new DlrmModel(ModelFixture.Config(), engine, "sgd", null, new DistributedOptions { Communicator = communicator });
        using var batch = new Batch(5, 5);
        batch.Resize(3);
        batch.BecomePart(2, 9);
        var exception = Assert.Throws<ArgumentException>(() => model.Predict(batch));
        Assert.Contains("takes samples 0 to 9 of 9", exception.Message, StringComparison.Ordinal);
    });

    private static ShardPlan WithTable3(TablePlacement placement) => Plans.Whole(2) with
    {
        Tables = [.. Plans.Whole(2).Tables.Select(other => other.Table == 3 ? placement
            : new TablePlacement(other.Table, TableSharding.Table, [0], []))],
    };

    private static string Refused(
        DlrmConfig config, ShardPlan? plan, string optimizer, OptimizerOptions? rule = null, int ranks = 2, bool deterministic = false)
    {
        string message = "";
        LocalCommunicator.Run(ranks, communicator =>
        {
            using var engine = new Engine(1);
            var options = new DistributedOptions { Communicator = communicator, Plan = plan, Deterministic = deterministic };
            string own = Assert.Throws<ArgumentException>(() => new DlrmModel(config, engine, optimizer, rule, options)).Message;
            message = communicator.Rank == 0 ? own : message;
        });
        return message;
    }
}
