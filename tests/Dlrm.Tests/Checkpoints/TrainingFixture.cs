using Dlrm.Checkpoints;
using Dlrm.Distributed;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Dlrm.Training;

namespace Dlrm.Tests.Checkpoints;

/// <summary>A small run with tests, whose training and test samples share one generator, as in the reference.</summary>
internal sealed class TrainingFixture : IDisposable
{
    public const int Batches = 9;
    public const int Epochs = 2;

    private readonly Engine _engine;

    public TrainingFixture(
        DlrmConfig config,
        string optimizer,
        int threads = 1,
        bool initialize = true,
        int accumulation = 1,
        RunDiagnostics? diagnostics = null,
        DistributedOptions? distributed = null)
    {
        _engine = new Engine(threads);
        OptimizerOptions? options = optimizer == "momentum" ? new() { Momentum = 0.9f, WeightDecay = 0.01f } : null;
        Model = new DlrmModel(config, _engine, options is null ? optimizer : "sgd", options, distributed);
        var random = new NumpyRandom(5);
        if (initialize)
        {
            Model.Initialize(random);
        }

        Trainer = new Trainer(
            Model,
            ModelFixture.Source(config, random, Batches, batchSize: 11),
            ModelFixture.Source(config, random, 3, batchSize: 11),
            new TrainingOptions
            {
                Epochs = Epochs,
                PrintFrequency = 2,
                TestFrequency = 5,
                GradientAccumulation = accumulation,
                LearningRate = new CosineLearningRate(0.1, 3, 0, 18),
            },
            Records,
            diagnostics);
    }

    public DlrmModel Model { get; }

    public Trainer Trainer { get; }

    public Recorder Records { get; } = new();

    /// <summary>All parameters and all state, as bytes.</summary>
    public static byte[] Bits(DlrmModel model)
    {
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, [.. model.Parameters.Select(TensorSource.Of)]);
        SafetensorsWriter.Write(stream, [.. model.Optimizer!.States.Select(Source)]);
        return stream.ToArray();
    }

    public static TensorSource Source(OptimizerState state)
        => TensorSource.Of(state.Name, [.. state.Shape.Select(extent => (long)extent)], state.Value);

    /// <summary>Takes model, state and trainer to a checkpoint.</summary>
    public void Restore(string path)
    {
        using var folder = ModelFolder.Open(path);
        folder.CheckOptimizer(Model.Optimizer!.States);
        folder.ReadAll([.. Model.Parameters]);
        folder.ReadAllOptimizer(Model.Optimizer.States);
        Model.ParametersChanged();
        Trainer.Restore(TrainerState.FromJson(folder.StateJson!));
    }

    public void Dispose()
    {
        Trainer.Dispose();
        Model.Dispose();
        _engine.Dispose();
    }

    /// <summary>What a run tells, times aside.</summary>
    internal sealed class Recorder : ITrainingObserver
    {
        public List<string> Lines { get; } = [];

        public List<double> Losses { get; } = [];

        public Action<long>? OnStep { get; set; }

        public void Started(TrainingPlan plan)
        {
        }

        public void Stepped(long step, long samples) => OnStep?.Invoke(step);

        public void Trained(TrainRecord record)
        {
            Losses.Add(record.Loss);
            Lines.Add((record with { MillisecondsPerStep = 0 }).ToString());
        }

        public void Testing(TrainRecord record)
        {
        }

        public void Evaluated(EvaluationRecord record) => Lines.Add(record.ToString());

        public void Warned(string message) => Lines.Add(message);
    }
}
