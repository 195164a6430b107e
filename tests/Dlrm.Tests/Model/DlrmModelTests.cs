using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Threading;
using Xunit;

namespace Dlrm.Tests.Model;

public sealed class DlrmModelTests
{
    [Theory]
    [InlineData(1, "full")]
    [InlineData(2, "full")]
    [InlineData(2, "qr-mult")]
    [InlineData(2, "md")]
    [InlineData(2, "weighted")]
    [InlineData(2, "dcn")]
    [InlineData(2, "batch")]
    [InlineData(2, "layer")]
    public void A_training_step_allocates_nothing_on_any_thread(int threads, string tables)
    {
        DlrmConfig config = tables switch
        {
            "full" or "dcn" => ModelFixture.Config(tables == "dcn" ? "dcn" : "dot"),
            "batch" or "layer" => ModelFixture.Config() with
            {
                Tower = new TowerOptions { Activation = "gelu", Normalization = tables, Dropout = 0.5f },
            },
            _ => ModelFixture.Compressed(tables),
        };
        using var engine = new Engine(threads);
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        RandomBatchSource source = ModelFixture.Source(config, random);
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        var allocated = new AllocatedWork(new long[threads]);
        for (int index = 0; index < 3; index++)
        {
            source.Read(index, batch);
            model.TrainStep(batch, 0.1f);
            model.Predict(batch);
            engine.Team.Run(ref allocated);
        }

        long[] before = [.. allocated.Bytes];
        engine.Team.Run(ref allocated);
        long own = allocated.Bytes[0];
        for (int index = 3; index < 6; index++)
        {
            source.Read(index, batch);
            model.TrainStep(batch, 0.1f);
            model.Predict(batch);
        }

        engine.Team.Run(ref allocated);
        Assert.Equal(own, allocated.Bytes[0]);
        Assert.Equal(before[1..], allocated.Bytes[1..]);
    }

    [Fact]
    public void Predict_and_ForwardLoss_give_the_same_probabilities()
    {
        DlrmConfig config = ModelFixture.Config();
        using var engine = new Engine(2);
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        ModelFixture.Source(config, random).Read(0, batch);
        float[] predicted = model.Predict(batch).ToArray();
        model.ForwardLoss(batch);
        Assert.Equal(predicted, model.Probabilities.ToArray());
    }

    [Fact]
    public void A_lookup_outside_its_table_is_refused_before_anything_changes()
    {
        DlrmConfig config = ModelFixture.Config();
        using var engine = new Engine(2);
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        ModelFixture.Source(config, random).Read(0, batch);
        batch.Indices(3)[0] = 301;
        float[] before = model.Parameters[3].Value.Span.ToArray();
        var failure = Assert.Throws<LookupException>(() => model.TrainStep(batch, 1));
        Assert.Contains("table 3", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("301", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, model.Parameters[3].Value.Span.ToArray());
    }

    [Fact]
    public void A_batch_of_another_shape_is_refused_naming_both()
    {
        using var engine = new Engine(1);
        using var model = new DlrmModel(ModelFixture.Config(), engine);
        using var batch = new Batch(4, 5);
        var failure = Assert.Throws<ArgumentException>(() => { model.Predict(batch); });
        Assert.Contains("4 dense features and 5 tables; the model takes 5 and 5", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_an_optimizer_predicts_and_refuses_to_train()
    {
        DlrmConfig config = ModelFixture.Config();
        using var engine = new Engine(1);
        using var model = new DlrmModel(config, engine, optimizer: null);
        Assert.All(model.Parameters, parameter => Assert.Null(parameter.Gradient));
        var random = new NumpyRandom(5);
        model.Initialize(random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        ModelFixture.Source(config, random).Read(0, batch);
        Assert.Equal(batch.Size, model.Predict(batch).Length);
        model.ForwardLoss(batch);
        Assert.Throws<InvalidOperationException>(() => model.BackwardAndUpdate(0.1f));
    }

    [Fact]
    public void A_model_that_cannot_fit_is_refused_with_the_numbers()
    {
        DlrmConfig config = ModelFixture.Config() with { TableRows = [2_000_000_000, 2_000_000_000], EmbeddingDimension = 1024, BottomMlp = [5, 1024] };
        using var engine = new Engine(1);
        var failure = Assert.Throws<InsufficientMemoryException>(() => new DlrmModel(config, engine));
        Assert.Contains("GiB", failure.Message, StringComparison.Ordinal);
        Assert.Contains("2,000,000,000 rows", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_optimizers_state_counts_when_a_model_must_fit()
    {
        // Half of this machine's memory in parameters: adam would need three times that.
        int rows = (int)Math.Min(int.MaxValue, SystemMemory.AvailableBytes / 2 / (1024 * sizeof(float)));
        DlrmConfig config = ModelFixture.Config() with { TableRows = [rows], EmbeddingDimension = 1024, BottomMlp = [5, 1024] };
        using var engine = new Engine(1);
        var failure = Assert.Throws<InsufficientMemoryException>(() => new DlrmModel(config, engine, "adam"));
        Assert.Contains("the optimizer's state", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_optimizer_is_refused_naming_the_known_ones()
    {
        using var engine = new Engine(1);
        var failure = Assert.Throws<ArgumentException>(() => new DlrmModel(new DlrmConfig(), engine, "sdg"));
        Assert.Contains("sgd, adagrad, rwsadagrad", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parameters_bear_the_names_and_shapes_of_the_references_state_dict()
    {
        using var engine = new Engine(1);
        using var model = new DlrmModel(new DlrmConfig(), engine);
        string[] names = [.. model.Parameters.Select(parameter => $"{parameter.Name} {string.Join('x', parameter.Shape)}")];
        Assert.Equal(
            [
                "emb_l.0.weight 4x2", "emb_l.1.weight 3x2", "emb_l.2.weight 2x2",
                "bot_l.0.weight 3x4", "bot_l.0.bias 3", "bot_l.2.weight 2x3", "bot_l.2.bias 2",
                "top_l.0.weight 4x8", "top_l.0.bias 4", "top_l.2.weight 2x4", "top_l.2.bias 2", "top_l.4.weight 1x2", "top_l.4.bias 1",
            ],
            names);
        Assert.Equal(model.Parameters.Sum(parameter => parameter.Value.Length), model.Config.ParameterCount);
    }

    [Fact]
    public void A_cross_network_bears_torchrecs_names_and_counts_in_the_config()
    {
        DlrmConfig config = ModelFixture.Config("dcn") with { Cross = new CrossOptions { Layers = 2, Rank = 9 } };
        using var engine = new Engine(1);
        using var model = new DlrmModel(config, engine);
        string[] names =
        [
            .. model.Parameters.Where(parameter => parameter.Name.StartsWith("inter", StringComparison.Ordinal))
                .Select(parameter => $"{parameter.Name} {string.Join('x', parameter.Shape)}"),
        ];
        Assert.Equal(
            [
                "inter.W_kernels.0 78x9", "inter.V_kernels.0 9x78", "inter.bias.0 78",
                "inter.W_kernels.1 78x9", "inter.V_kernels.1 9x78", "inter.bias.1 78",
            ],
            names);
        Assert.Equal(model.Parameters.Sum(parameter => parameter.Value.Length), config.ParameterCount);
        Assert.Equal(78, config.TopWidths()[0]);
        DlrmConfig cat = config with { Interaction = "cat", Cross = null };
        using var plain = new DlrmModel(cat, engine);
        Assert.Equal(plain.ForwardFlops(10) + (10 * 2 * 4 * 78 * 9), model.ForwardFlops(10));
        Assert.True(config.EstimateBytes(100, training: true) > cat.EstimateBytes(100, training: true) + (100 * 78 * 7 * sizeof(float)));
    }

    [Fact]
    public void A_cross_network_starts_as_torchrecs()
    {
        DlrmConfig config = ModelFixture.Config("dcn") with { Cross = new CrossOptions { Layers = 1, Rank = 400 } };
        using var engine = new Engine(1);
        using var model = new DlrmModel(config, engine);
        model.Initialize(new NumpyRandom(5));
        foreach (string name in (string[])["inter.W_kernels.0", "inter.V_kernels.0"])
        {
            float[] values = model.Parameters.Single(parameter => parameter.Name == name).Value.Span.ToArray();

            // 31,200 draws: the variance of their mean square is 2·σ⁴ / n, of their mean σ² / n.
            double variance = 2.0 / (78 + 400);
            Assert.InRange(values.Average(value => (double)value * value), 0.96 * variance, 1.04 * variance);
            Assert.InRange(values.Average(), -5 * Math.Sqrt(variance / values.Length), 5 * Math.Sqrt(variance / values.Length));
        }

        Assert.All(model.Parameters.Single(parameter => parameter.Name == "inter.bias.0").Value.Span.ToArray(), value => Assert.Equal(0, value));
    }

    private readonly struct AllocatedWork(long[] bytes) : IParallelWork
    {
        public long[] Bytes => bytes;

        public void Execute(int worker, int workers) => bytes[worker] = GC.GetAllocatedBytesForCurrentThread();
    }
}
