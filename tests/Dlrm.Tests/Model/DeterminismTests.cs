using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Optimizers;
using Xunit;

namespace Dlrm.Tests.Model;

/// <summary>A run gives the same bits on any number of threads and any instruction set (docs/numerics.md).</summary>
public sealed class DeterminismTests
{
    public static TheoryData<string, string, string> Kinds => new()
    {
        { "dot", "bce", "sgd" },
        { "dot", "mse", "adagrad" },
        { "dot-dense", "wbce", "rwsadagrad" },
        { "cat", "bce", "sgd" },
        { "sum", "mse", "sgd" },
        { "dot", "bce", "adam" },
        { "dot", "bce", "ftrl" },
        { "cat", "bce", "momentum" },
        { "dcn", "bce", "sgd" },
        { "dcn", "wbce", "adam" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Training_gives_the_same_bits_on_every_instruction_set_and_number_of_threads(
        string interaction, string loss, string optimizer)
    {
        DlrmConfig config = ModelFixture.Config(interaction, loss) with { LossWeights = [1, 2.5] };
        List<int> expected = ModelFixture.Train(config, 1, InstructionSet.Portable, optimizer);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            foreach (int threads in (int[])[1, 2, 3, 5])
            {
                Assert.Equal(expected, ModelFixture.Train(config, threads, set, optimizer));
            }
        }
    }

    [Theory]
    [InlineData("gelu", "none", 0)]
    [InlineData("silu", "batch", 0.25f)]
    [InlineData("tanh", "layer", 0.5f)]
    [InlineData("none", "layer", 0)]
    [InlineData("relu", "batch", 0.125f)]
    public void Towers_with_options_give_the_same_bits_too(string activation, string normalization, float dropout)
    {
        DlrmConfig config = ModelFixture.Config() with
        {
            Tower = new TowerOptions { Activation = activation, Normalization = normalization, Dropout = dropout },
        };
        List<int> expected = ModelFixture.Train(config, 1, InstructionSet.Portable);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            foreach (int threads in (int[])[1, 2, 3, 5])
            {
                Assert.Equal(expected, ModelFixture.Train(config, threads, set));
            }
        }
    }

    [Fact]
    public void A_cross_network_wider_than_any_block_gives_the_same_bits_too()
    {
        DlrmConfig config = ModelFixture.Config("dcn") with
        {
            EmbeddingDimension = 43,
            BottomMlp = [5, 43],
            Cross = new CrossOptions { Layers = 2, Rank = 70 },
        };
        List<int> expected = ModelFixture.Train(config, 1, InstructionSet.Portable, batchSize: 390);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            Assert.Equal(expected, ModelFixture.Train(config, 2, set, batchSize: 390));
        }
    }

    [Fact]
    public void A_batch_larger_than_any_block_gives_the_same_bits_too()
    {
        DlrmConfig config = ModelFixture.Config() with { BottomMlp = [5, 530, 13], TopMlp = [300, 1] };
        List<int> expected = ModelFixture.Train(config, 1, InstructionSet.Portable, batchSize: 700);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            Assert.Equal(expected, ModelFixture.Train(config, 2, set, batchSize: 700));
        }
    }

    /// <summary>Every kind of table, each with every pooling.</summary>
    public static TheoryData<string, string> Tables => new(
        from kind in (string[])["full", "qr-mult", "qr-add", "qr-concat", "md", "qr-mult+md"]
        from weights in (string[])["", "+weighted"]
        from pooling in (string[])["", "+mean"]
        from optimizer in Optimizer.Names
        select (kind + weights + pooling, optimizer));

    [Theory]
    [MemberData(nameof(Tables))]
    public void Every_table_kind_gives_the_same_bits_under_every_optimizer(string tables, string optimizer)
    {
        DlrmConfig config = ModelFixture.Compressed(tables);
        List<int> expected = ModelFixture.Train(config, 1, InstructionSet.Portable, optimizer);
        int threads = 5;
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            Assert.Equal(expected, ModelFixture.Train(config, threads, set, optimizer));
            threads = threads == 1 ? 3 : threads / 2;
        }
    }
}
