using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class TrainerTests
{
    [Fact]
    public void Reports_and_tests_come_in_the_references_order()
    {
        var observer = new Recorder();
        Run(new TrainingOptions { Epochs = 2, PrintFrequency = 4, TestFrequency = 3 }, observer);
        string[] epoch = ["train 3", "test 3", "train 4", "train 6", "test 6", "train 7", "test 7"];
        Assert.Equal(
            ["start", .. epoch, .. epoch.Select(line => line.Replace(" ", " 1:", StringComparison.Ordinal))],
            observer.Lines);
    }

    [Fact]
    public void The_reported_loss_is_the_sample_weighted_mean_since_the_last_report()
    {
        var each = new Recorder();
        Run(new TrainingOptions { PrintFrequency = 1 }, each);
        var grouped = new Recorder();
        Run(new TrainingOptions { PrintFrequency = 7 }, grouped);
        double sum = 0;
        long samples = 0;
        foreach (TrainRecord record in each.Trains)
        {
            sum += record.Loss * (record.Samples - samples);
            samples = record.Samples;
        }

        Assert.Equal(sum / samples, Assert.Single(grouped.Trains).Loss, 1e-12);
    }

    [Fact]
    public void A_request_to_stop_ends_after_the_step_under_way()
    {
        using var stop = new CancellationTokenSource();
        var observer = new Recorder { OnStep = step => { if (step == 3) { stop.Cancel(); } } };
        TrainingResult result = Run(new TrainingOptions(), observer, stop: stop.Token);
        Assert.Equal(TrainingEnd.Interrupted, result.End);
        Assert.Equal(3, result.Steps);
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_before_the_step_changes_the_model()
    {
        using var engine = new Engine(1);
        DlrmConfig config = ModelFixture.Config();
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        var source = new PoisonedSource(ModelFixture.Source(config, random, 7), poisonedBatch: 4);
        using var trainer = new Trainer(model, source, null, new TrainingOptions(), new Recorder());
        var failure = Assert.Throws<NonFiniteLossException>(() => trainer.Run());
        Assert.Equal(5, failure.Step);
        Assert.Contains("step 5 (batch 4 of epoch 0)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("dense input", failure.Message, StringComparison.Ordinal);
        Assert.All(model.Parameters, parameter => Assert.True(AllFinite(parameter.Value.Span)));
    }

    [Fact]
    public void By_the_warning_policy_training_goes_on_and_says_so_once()
    {
        using var engine = new Engine(1);
        DlrmConfig config = ModelFixture.Config();
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        var source = new PoisonedSource(ModelFixture.Source(config, random, 7), poisonedBatch: 4);
        var observer = new Recorder();
        using var trainer = new Trainer(
            model, source, null, new TrainingOptions { NanPolicy = NanPolicy.Warn }, observer);
        Assert.Equal(7, trainer.Run().Steps);
        Assert.Single(observer.Warnings);
    }

    [Fact]
    public void An_error_in_the_source_reaches_the_caller()
    {
        using var engine = new Engine(1);
        DlrmConfig config = ModelFixture.Config();
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        var source = new PoisonedSource(ModelFixture.Source(config, random, 7), poisonedBatch: 2) { Throws = true };
        using var trainer = new Trainer(model, source, null, new TrainingOptions(), new Recorder());
        Assert.Throws<InvalidDataException>(() => trainer.Run());
    }

    [Fact]
    public void The_best_and_the_last_test_are_both_kept()
    {
        TrainingResult result = Run(new TrainingOptions { TestFrequency = 2, Epochs = 2 }, new Recorder());
        Assert.NotNull(result.Last);
        Assert.NotNull(result.Best);
        Assert.Equal(14, result.Last.Step);
        Assert.True(result.Best.Metrics.Accuracy >= result.Last.Metrics.Accuracy);
    }

    private static TrainingResult Run(TrainingOptions options, Recorder observer, CancellationToken stop = default)
    {
        using var engine = new Engine(1);
        DlrmConfig config = ModelFixture.Config();
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        using var trainer = new Trainer(
            model,
            ModelFixture.Source(config, random, 7),
            ModelFixture.Source(config, random, 2),
            options,
            observer);
        return trainer.Run(stop);
    }

    private static bool AllFinite(Span<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                return false;
            }
        }

        return true;
    }

    private sealed class Recorder : ITrainingObserver
    {
        public List<string> Lines { get; } = [];

        public List<TrainRecord> Trains { get; } = [];

        public List<string> Warnings { get; } = [];

        public Action<long>? OnStep { get; init; }

        public void Started(TrainingPlan plan) => Lines.Add("start");

        public void Stepped(long step, long samples) => OnStep?.Invoke(step);

        public void Trained(TrainRecord record)
        {
            Trains.Add(record);
            Lines.Add(Line("train", record.Epoch, record.Iteration));
        }

        public void Testing(TrainRecord record)
        {
        }

        public void Evaluated(EvaluationRecord record) => Lines.Add(Line("test", record.Epoch, record.Iteration));

        public void Warned(string message) => Warnings.Add(message);

        private static string Line(string what, int epoch, int iteration) =>
            epoch == 0 ? $"{what} {iteration}" : $"{what} {epoch}:{iteration}";
    }

    /// <summary>Passes a source on, but breaks one batch.</summary>
    private sealed class PoisonedSource(IBatchSource inner, int poisonedBatch) : IBatchSource
    {
        public bool Throws { get; init; }

        public string Description => inner.Description;

        public int DenseFeatures => inner.DenseFeatures;

        public IReadOnlyList<int> TableRows => inner.TableRows;

        public int BatchCount => inner.BatchCount;

        public long SampleCount => inner.SampleCount;

        public void Read(int index, Batch batch)
        {
            inner.Read(index, batch);
            if (index == poisonedBatch)
            {
                if (Throws)
                {
                    throw new InvalidDataException("bad line");
                }

                batch.Dense[0] = float.PositiveInfinity;
                batch.Dense[1] = float.NegativeInfinity;
            }
        }
    }
}
