using System.Text.Json.Nodes;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class EarlyStoppingTests
{
    [Fact]
    public void Training_on_noise_stops_and_gives_the_parameters_of_the_best_test_back()
    {
        using var engine = new Engine(1);
        DlrmConfig config = ModelFixture.Config();
        using var model = new DlrmModel(config, engine, "adagrad");
        using var copy = new ParameterCopy(model);
        var keeper = new RecordingKeeper(copy, model);
        var random = new NumpyRandom(5);
        model.Initialize(random);

        // Labels are random: what is learned from one source makes the other worse before long.
        using var trainer = new Trainer(
            model,
            ModelFixture.Source(config, random, 7),
            ModelFixture.Source(config, random, 3),
            new TrainingOptions { Epochs = 40, TestFrequency = 7, LearningRate = new LearningRatePolicy(0.05) },
            new SilentObserver())
        {
            EarlyStopping = new EarlyStopping(keeper, patience: 3),
        };
        TrainingResult result = trainer.Run();
        Assert.Equal(TrainingEnd.StoppedEarly, result.End);
        Assert.Equal(keeper.Step + (3 * 7), result.Steps);
        Assert.Equal(keeper.Step, trainer.EarlyStopping.BestStep);
        Assert.Equal(keeper.Values, Values(model));
    }

    [Theory]
    [InlineData(1, new[] { 0.5, 0.4, 0.45 }, 3)]
    [InlineData(2, new[] { 0.5, 0.4, 0.45, 0.4 }, 4)]
    [InlineData(2, new[] { 0.5, 0.6, 0.4, 0.5, 0.39, 0.5, 0.5 }, 7)]
    [InlineData(1, new[] { double.NaN, double.NaN }, 2)]
    public void It_is_over_after_patience_tests_that_are_no_better(int patience, double[] losses, int tests)
    {
        var stopping = new EarlyStopping(new NoKeeper(), patience);
        for (int test = 0; test < losses.Length; test++)
        {
            Assert.False(stopping.IsOver);
            stopping.Tested(TestRecords.Of(test + 1, losses[test]), samples: 0);
            Assert.Equal(test + 1 == tests, stopping.IsOver);
        }
    }

    [Fact]
    public void What_is_saved_and_restored_goes_on_alike()
    {
        var first = new EarlyStopping(new NoKeeper(), 3);
        first.Tested(TestRecords.Of(1, 0.5), 0);
        first.Tested(TestRecords.Of(2, 0.6), 0);
        var second = new EarlyStopping(new NoKeeper(), 3);
        second.Restore(JsonNode.Parse(first.Save().ToJsonString())!);
        Assert.Equal((1, 0.5), (second.BestStep, second.BestLoss));
        second.Tested(TestRecords.Of(3, 0.5), 0);
        Assert.False(second.IsOver);
        second.Tested(TestRecords.Of(4, 0.7), 0);
        Assert.True(second.IsOver);
    }

    [Fact]
    public void A_plateau_lowers_the_rate_and_each_wait_begins_anew()
    {
        var plateau = new PlateauReduction(0.1, patience: 2);
        double[] losses = [0.5, 0.5, 0.4, 0.41, 0.42, 0.43, 0.39, 0.4, 0.39];
        double[] scales = [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01];
        for (int test = 0; test < losses.Length; test++)
        {
            string? told = plateau.Tested(TestRecords.Of(test + 1, losses[test]));
            Assert.Equal(scales[test], plateau.Scale, 1e-12);
            Assert.Equal(test is 4 or 8, told is not null);
        }

        var restored = new PlateauReduction(0.1, 2);
        restored.Restore(JsonNode.Parse(plateau.Save().ToJsonString())!);
        Assert.Equal(plateau.Scale, restored.Scale);
    }

    [Fact]
    public void The_trainer_uses_the_lowered_rate()
    {
        using var engine = new Engine(1);
        DlrmConfig config = ModelFixture.Config();
        using var model = new DlrmModel(config, engine, "adagrad");
        var random = new NumpyRandom(5);
        model.Initialize(random);
        var observer = new SilentObserver();
        using var trainer = new Trainer(
            model,
            ModelFixture.Source(config, random, 7),
            ModelFixture.Source(config, random, 3),
            new TrainingOptions { Epochs = 30, TestFrequency = 7, LearningRate = new LearningRatePolicy(0.05) },
            observer)
        {
            PlateauReduction = new PlateauReduction(0.5, patience: 1),
        };
        trainer.Run();
        Assert.True(trainer.PlateauReduction.Scale < 1);
        Assert.Equal((float)(0.05 * trainer.PlateauReduction.Scale), (float)observer.Rates[^1], 1e-9f);
        Assert.Contains(observer.Warnings, warning => warning.Contains("learning rates are lowered", StringComparison.Ordinal));
    }

    private static float[] Values(DlrmModel model) =>
        [.. model.Parameters.SelectMany(parameter => parameter.Value.Span.ToArray())];

    private sealed class NoKeeper : IParameterKeeper
    {
        public void Keep(long step, long samples)
        {
        }

        public void GiveBack()
        {
        }
    }

    private sealed class RecordingKeeper(IParameterKeeper inner, DlrmModel model) : IParameterKeeper
    {
        public long Step { get; private set; }

        public float[] Values { get; private set; } = [];

        public void Keep(long step, long samples)
        {
            Step = step;
            Values = EarlyStoppingTests.Values(model);
            inner.Keep(step, samples);
        }

        public void GiveBack() => inner.GiveBack();
    }
}
