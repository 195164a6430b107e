using CsCheck;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Model;

/// <summary>
/// N batches accumulated are one batch of N times the size, to the bit: with wbce the large batch's loss is weighted by N,
/// a power of two, which makes its gradient the sum of the N means exactly.
/// </summary>
public sealed class GradientAccumulationTests
{
    private const int Group = 4;
    private const int Size = 9;

    public static TheoryData<string, string> Kinds => new()
    {
        { "full", "sgd" },
        { "full", "adagrad" },
        { "full", "rwsadagrad" },
        { "full", "adam" },
        { "full", "ftrl" },
        { "qr-mult", "sgd" },
        { "qr-add", "adagrad" },
        { "qr-concat", "rwsadagrad" },
        { "md", "adam" },
        { "weighted", "ftrl" },
        { "dcn", "adagrad" },
        { "dropout", "sgd" },
        { "layer", "adam" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void N_batches_are_one_batch_of_N_times_the_size(string tables, string optimizer)
    {
        DlrmConfig config = tables switch
        {
            "full" or "dcn" => ModelFixture.Config(tables == "dcn" ? "dcn" : "dot"),
            "dropout" => ModelFixture.Config() with { Tower = new TowerOptions { Dropout = 0.5f } },
            "layer" => ModelFixture.Config() with { Tower = new TowerOptions { Normalization = "layer", Activation = "gelu" } },
            _ => ModelFixture.Compressed(tables),
        };
        config = config with { Loss = "wbce" };
        using var engine = new Engine(2);
        using var accumulated = new DlrmModel(config, engine, optimizer);
        using var whole = new DlrmModel(config with { LossWeights = [Group, Group] }, engine, optimizer);
        accumulated.Initialize(new NumpyRandom(5));
        whole.Initialize(new NumpyRandom(5));
        for (int step = 0; step < 3; step++)
        {
            using Batch large = PyTorchModel.Batch(config, step, Group * Size);
            for (int part = 0; part < Group; part++)
            {
                using Batch small = Part(large, part * Size, Size);
                accumulated.ForwardLoss(small);
                if (part < Group - 1)
                {
                    accumulated.BackwardAndAccumulate();
                    Assert.Equal(part + 1, accumulated.AccumulatedBatches);
                }
                else
                {
                    accumulated.BackwardAndUpdate(0.05f);
                }
            }

            whole.TrainStep(large, 0.05f);
            Assert.Equal(step + 1, accumulated.StepNumber);
        }

        for (int number = 0; number < whole.Parameters.Count; number++)
        {
            Assert.Equal(whole.Parameters[number].Value.Span.ToArray(), accumulated.Parameters[number].Value.Span.ToArray());
        }
    }

    [Fact]
    public void Groups_of_any_sizes_sum_duplicates_over_batches_before_one_update()
        => Gen.Int[1, 7].Array[1, 6].Sample(
            sizes =>
            {
                // One table of one row: every lookup is a duplicate. Adagrad's first step is ±rate whatever the sum's length.
                DlrmConfig config = new() { TableRows = [1], EmbeddingDimension = 2, BottomMlp = [3, 2], TopMlp = [1], Interaction = "cat" };
                using var engine = new Engine(1);
                using var model = new DlrmModel(config, engine, "adagrad");
                model.Initialize(new NumpyRandom(3));
                float[] before = model.Parameters[0].Value.Span.ToArray();
                for (int number = 0; number < sizes.Length; number++)
                {
                    using Batch batch = PyTorchModel.Batch(config, number, sizes[number]);
                    model.ForwardLoss(batch);
                    if (number < sizes.Length - 1)
                    {
                        model.BackwardAndAccumulate();
                    }
                    else
                    {
                        model.BackwardAndUpdate(0.125f);
                    }
                }

                Assert.All(
                    before.Zip(model.Parameters[0].Value.Span.ToArray()),
                    pair => Assert.True(pair.First == pair.Second || Math.Abs(Math.Abs(pair.First - pair.Second) - 0.125f) < 1e-4f));
                return model.AccumulatedBatches == 0;
            },
            iter: 40);

    [Fact]
    public void The_last_group_of_an_epoch_may_be_smaller_and_rates_count_updates()
    {
        DlrmConfig config = ModelFixture.Config();
        using var engine = new Engine(1);
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        var schedule = new RecordedRates();
        using var trainer = new Trainer(
            model,
            ModelFixture.Source(config, random, batches: 7),
            null,
            new TrainingOptions { Epochs = 2, GradientAccumulation = 3, LearningRate = schedule },
            new SilentObserver());
        TrainingResult result = trainer.Run();
        Assert.Equal(14, result.Steps);
        Assert.Equal(6, model.StepNumber);
        Assert.Equal([1, 1, 1, 2, 2, 2, 3, 4, 4, 4, 5, 5, 5, 6], schedule.Asked);
        Assert.Equal(0, model.AccumulatedBatches);
    }

    [Fact]
    public void A_request_to_stop_waits_for_the_update()
    {
        DlrmConfig config = ModelFixture.Config();
        using var engine = new Engine(1);
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        using var stop = new CancellationTokenSource();
        var observer = new SilentObserver { OnStep = step => { if (step == 4) { stop.Cancel(); } } };
        using var trainer = new Trainer(
            model, ModelFixture.Source(config, random, batches: 9), null, new TrainingOptions { GradientAccumulation = 3 }, observer);
        TrainingResult result = trainer.Run(stop.Token);
        Assert.Equal(TrainingEnd.Interrupted, result.End);
        Assert.Equal(6, result.Steps);
        Assert.Equal(2, model.StepNumber);
    }

    private static Batch Part(Batch large, int first, int size)
    {
        var part = new Batch(large.DenseFeatures, large.Tables);
        part.Resize(size);
        large.Dense.Slice(first * large.DenseFeatures, size * large.DenseFeatures).CopyTo(part.Dense);
        large.Labels.Slice(first, size).CopyTo(part.Labels);
        for (int table = 0; table < large.Tables; table++)
        {
            Span<int> offsets = part.Offsets(table);
            int start = large.Offsets(table)[first];
            for (int sample = 0; sample <= size; sample++)
            {
                offsets[sample] = large.Offsets(table)[first + sample] - start;
            }

            large.Indices(table).Slice(start, offsets[size]).CopyTo(part.ReserveIndices(table, offsets[size]));
        }

        return part;
    }

    private sealed class RecordedRates() : LearningRateSchedule(0.1, 0)
    {
        public List<long> Asked { get; } = [];

        public override double RateAt(long step)
        {
            Asked.Add(step);
            return 0.1;
        }
    }

    private sealed class SilentObserver : ITrainingObserver
    {
        public Action<long>? OnStep { get; init; }

        public void Started(TrainingPlan plan)
        {
        }

        public void Stepped(long step, long samples) => OnStep?.Invoke(step);

        public void Trained(TrainRecord record)
        {
        }

        public void Testing(TrainRecord record)
        {
        }

        public void Evaluated(EvaluationRecord record)
        {
        }

        public void Warned(string message)
        {
        }
    }
}
