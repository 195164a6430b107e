using System.Globalization;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Training;

namespace Dlrm.Tests.Golden;

/// <summary>Trains as a golden case's command line says, and keeps what the reference's trace keeps.</summary>
internal sealed class GoldenRun : ITrainingObserver, IDisposable
{
    private const int ScoresKept = 512;

    private readonly DlrmModel _model;
    private readonly Trainer _trainer;
    private readonly IBatchSource _test;
    private readonly NumpyRandom _random;

    private GoldenRun(GoldenCase golden, Engine engine, IBatchSource train, IBatchSource test, NumpyRandom random)
    {
        var options = new TrainingOptions
        {
            Epochs = (int)golden.Number("--nepochs", 1),
            TestFrequency = (int)golden.Number("--test-freq", -1),
            BestByAuc = golden.Arguments.Contains("--mlperf-logging"),
            LearningRate = new LearningRatePolicy(
                golden.Number("--learning-rate", 0.01),
                (long)golden.Number("--lr-num-warmup-steps", 0),
                (long)golden.Number("--lr-decay-start-step", 0),
                (long)golden.Number("--lr-num-decay-steps", 0)),
        };
        _test = test;
        _random = random;
        _model = new DlrmModel(Config(golden, train.TableRows), engine, golden.Option("--optimizer", "sgd"));
        _model.Initialize(random, new TorchRandom((long)golden.Number("--numpy-rand-seed", 123)));
        _trainer = new Trainer(_model, train, test, options, this);
    }

    /// <summary>The loss of every step.</summary>
    public List<double> Losses { get; } = [];

    /// <summary>The rate of every step.</summary>
    public List<double> LearningRates { get; } = [];

    /// <summary>Outputs of the first four steps' forward passes.</summary>
    public List<float[]> FirstPredictions { get; } = [];

    /// <summary>The test passes, with their scores.</summary>
    public List<(EvaluationMetrics Metrics, float[] Scores)> Evaluations { get; } = [];

    /// <summary>The parameters after training.</summary>
    public IReadOnlyDictionary<string, float[]> Final
        => _model.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value.Span.ToArray());

    /// <summary>The architecture that a case's command line names.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="rows">Rows of the tables.</param>
    public static DlrmConfig Config(GoldenCase golden, IReadOnlyList<int> rows) => new()
    {
        TableRows = rows,
        EmbeddingDimension = (int)golden.Number("--arch-sparse-feature-size", 2),
        BottomMlp = golden.Sizes("--arch-mlp-bot", "4-3-2"),
        TopMlp = golden.Sizes("--arch-mlp-top", "4-2-1"),
        Interaction = golden.Option("--arch-interaction-op", "dot"),
        InteractionItself = golden.Arguments.Contains("--arch-interaction-itself"),
        Loss = golden.Option("--loss-function", "mse"),
        LossThreshold = (float)golden.Number("--loss-threshold", 0),
        QuotientRemainder = golden.Arguments.Contains("--qr-flag")
            ? new QuotientRemainderOptions
            {
                Threshold = (int)golden.Number("--qr-threshold", 200),
                Operation = golden.Option("--qr-operation", "mult"),
                Collisions = (int)golden.Number("--qr-collisions", 4),
            }
            : null,
        MixedDimension = golden.Arguments.Contains("--md-flag")
            ? new MixedDimensionOptions
            {
                Threshold = (int)golden.Number("--md-threshold", 200),
                Temperature = golden.Number("--md-temperature", 0.3),
                RoundDimensions = golden.Arguments.Contains("--md-round-dims"),
            }
            : null,
        WeightedPooling = golden.Option("--weighted-pooling", "none"),
        LossWeights = [.. golden.Option("--loss-weights", "1.0-1.0").Split('-').Select(Parse)],
    };

    /// <summary>Trains a case.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="engine">What to compute with.</param>
    /// <param name="train">Its training data.</param>
    /// <param name="test">Its test data.</param>
    /// <param name="random">The generator as the data left it: it draws the first parameters.</param>
    public static GoldenRun Train(
        GoldenCase golden, Engine engine, IBatchSource train, IBatchSource test, NumpyRandom random)
    {
        var run = new GoldenRun(golden, engine, train, test, random);
        run._trainer.Run();
        return run;
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
    }

    void ITrainingObserver.Started(TrainingPlan plan)
    {
    }

    void ITrainingObserver.Stepped(long step, long samples)
    {
        if (step <= 4)
        {
            FirstPredictions.Add(_model.Probabilities.ToArray());
        }
    }

    void ITrainingObserver.Trained(TrainRecord record)
    {
        Losses.Add(record.Loss);
        LearningRates.Add(record.LearningRate);
    }

    void ITrainingObserver.Testing(TrainRecord record)
    {
    }

    void ITrainingObserver.Evaluated(EvaluationRecord record)
        => Evaluations.Add((record.Metrics, ScoreTest()));

    void ITrainingObserver.Warned(string message) => throw new InvalidOperationException(message);

    /// <summary>The first scores of the pass just done, once more; the shared generator is put back afterwards.</summary>
    private float[] ScoreTest()
    {
        NumpyRandomState state = _random.State;
        using var batch = new Batch(_test.DenseFeatures, _test.TableRows.Count);
        var scores = new List<float>();
        for (int index = 0; index < _test.BatchCount && scores.Count < ScoresKept; index++)
        {
            _test.Read(index, batch);
            scores.AddRange(_model.Predict(batch));
        }

        _random.State = state;
        return [.. scores.Take(ScoresKept)];
    }

    private static float Parse(string text) => float.Parse(text, CultureInfo.InvariantCulture);
}
