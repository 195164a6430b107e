using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

/// <summary>--average-weights.</summary>
public sealed class WeightAverageTests
{
    private const double Decay = 0.75;

    [Fact]
    public void It_is_the_moving_average_of_every_parameter_and_the_model_in_the_end()
    {
        using var engine = new Engine(1);
        DlrmConfig config = Config();
        using DlrmModel model = Make(config, engine, out NumpyRandom random);
        RandomBatchSource source = ModelFixture.Source(config, random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        double[]? expected = null;
        for (int step = 1; step <= 6; step++)
        {
            source.Read(step - 1, batch);
            model.TrainStep(batch, 0.05f);
            float[] now = Values(model);
            expected ??= new double[now.Length];
            double share = Math.Max(1 - Decay, 1.0 / step);
            for (int element = 0; element < now.Length; element++)
            {
                expected[element] += share * (now[element] - expected[element]);
            }
        }

        float[] averaged = Values(model.Average!.Model);
        for (int element = 0; element < averaged.Length; element++)
        {
            Assert.Equal(expected![element], averaged[element], 1e-5);
        }

        model.Average.Refresh();
        float[] scores = model.Average.Model.Predict(batch).ToArray();
        Assert.NotEqual(scores, model.Predict(batch).ToArray());
        model.Average.GiveBack();
        Assert.Equal(averaged, Values(model));
        Assert.Equal(scores, model.Predict(batch).ToArray());
    }

    [Fact]
    public void It_has_the_same_bits_on_every_instruction_set_and_number_of_threads()
    {
        float[] expected = Train(1, InstructionSet.Portable);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            Assert.Equal(expected, Train(3, set));
        }
    }

    [Fact]
    public void Training_itself_is_the_same_with_it_and_a_trainer_ends_with_the_average()
    {
        using var engine = new Engine(1);
        DlrmConfig config = Config();
        using DlrmModel with = Make(config, engine, out NumpyRandom random);
        using var without = new DlrmModel(config, engine, "adagrad");
        var other = new NumpyRandom(5);
        without.Initialize(other);
        var observer = new SilentObserver();
        using var trainer = new Trainer(
            with, ModelFixture.Source(config, random), ModelFixture.Source(config, new NumpyRandom(8)),
            new TrainingOptions { TestFrequency = 6, LearningRate = new LearningRatePolicy(0.05) }, observer);
        TrainingResult result = trainer.Run();
        RandomBatchSource source = ModelFixture.Source(config, other);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        for (int index = 0; index < 6; index++)
        {
            source.Read(index, batch);
            without.TrainStep(batch, 0.05f);
        }

        Assert.NotEqual(Values(without), Values(with));
        Assert.Equal(Values(with.Average!.Model), Values(with));
        using var evaluator = new Evaluator(with, ModelFixture.Source(config, new NumpyRandom(8)));
        Assert.Equal(result.Last!.Metrics.LogLoss, evaluator.Run().LogLoss);
    }

    [Fact]
    public void It_is_part_of_what_a_checkpoint_holds()
    {
        using var engine = new Engine(1);
        using DlrmModel model = Make(Config(), engine, out _);
        Assert.All(model.Parameters, parameter => Assert.Contains(model.Optimizer!.States, state => state.Name == $"{parameter.Name}.average"));
    }

    [Fact]
    public void Tables_of_fewer_bits_are_refused()
    {
        using var engine = new Engine(1);
        DlrmConfig config = Config() with { Precision = new ModelPrecision { EmbeddingType = "bf16" } };
        Assert.Throws<ArgumentException>(() => Make(config, engine, out _));
    }

    private static DlrmConfig Config() =>
        ModelFixture.Config() with { Tower = new TowerOptions { Normalization = "batch" } };

    private static DlrmModel Make(DlrmConfig config, Engine engine, out NumpyRandom random)
    {
        var model = new DlrmModel(config, engine, "adagrad", new OptimizerOptions { AverageDecay = Decay });
        random = new NumpyRandom(5);
        model.Initialize(random);
        return model;
    }

    private static float[] Train(int threads, InstructionSet set)
    {
        using var engine = new Engine(threads, set);
        DlrmConfig config = Config();
        using DlrmModel model = Make(config, engine, out NumpyRandom random);
        RandomBatchSource source = ModelFixture.Source(config, random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        for (int index = 0; index < 4; index++)
        {
            source.Read(index, batch);
            model.TrainStep(batch, 0.05f);
        }

        return Values(model.Average!.Model);
    }

    private static float[] Values(DlrmModel model) =>
        [.. model.Parameters.SelectMany(parameter => parameter.Value.Span.ToArray())];
}
