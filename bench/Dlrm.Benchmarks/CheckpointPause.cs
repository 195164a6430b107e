using System.Diagnostics;
using System.Globalization;
using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Training;

namespace Dlrm.Benchmarks;

/// <summary>
/// What a checkpoint costs a run: steps before, during and after it, in one process. Arguments: folder, rows of a table,
/// tables, checkpoints. 1000000 rows × 8 tables × 64 elements are 2 GB.
/// </summary>
/// <remarks>
/// Lost time = duration of the writing × (1 − speed during / speed before), pause included. On a busy machine the extra
/// processor time says more: what the process used meanwhile less its steps' share, an upper bound of what training lost.
/// </remarks>
internal static class CheckpointPause
{
    private const int Dimension = 64;
    private const int BatchSize = 2048;

    public static void Run(string[] arguments)
    {
        string folder = arguments[0];
        int rows = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        int tables = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        int checkpoints = int.Parse(arguments[3], CultureInfo.InvariantCulture);
        var config = new DlrmConfig
        {
            TableRows = [.. Enumerable.Repeat(rows, tables)],
            EmbeddingDimension = Dimension,
            BottomMlp = [13, 512, 256, Dimension],
            TopMlp = [512, 256, 1],
            Loss = "bce",
        };
        using var engine = new Engine();
        using var model = new DlrmModel(config, engine, "sgd");
        var random = new NumpyRandom(123);
        model.Initialize(random);
        using var source = new UniformBatches(config, random);
        Console.WriteLine($"model {SystemMemory.Describe(4 * config.ParameterCount)}, batch {BatchSize}, {engine.Team.Workers} threads");
        var watch = new Watch();
        using var trainer = new Trainer(
            model, source, null, new TrainingOptions { PrintFrequency = int.MaxValue }, watch);
        using var checkpointer = new Checkpointer(
            model, new CheckpointFolder(folder), new CheckpointOptions { Keep = 1, Warn = Console.WriteLine });
        watch.Attach(checkpointer, checkpoints);
        trainer.Checkpointer = watch;
        using var stop = new CancellationTokenSource();
        watch.Done = stop.Cancel;
        trainer.Run(stop.Token);
    }

    /// <summary>Batches drawn beforehand and used in turn, each for a few steps of a minute: drawing costs nothing here.</summary>
    private sealed class UniformBatches : IBatchSource, IDisposable
    {
        private readonly DlrmConfig _config;
        private readonly NumpyRandom _random;

        public UniformBatches(DlrmConfig config, NumpyRandom random) => (_config, _random) = (config, random);

        public string Description => "uniform lookups";

        public int DenseFeatures => _config.DenseFeatures;

        public IReadOnlyList<int> TableRows => _config.TableRows;

        public int BatchCount => 1_000_000;

        public long SampleCount => (long)BatchCount * BatchSize;

        public void Read(int index, Batch batch)
        {
            batch.Resize(BatchSize);
            _random.FillUniform(batch.Dense, 0, 1);
            for (int table = 0; table < batch.Tables; table++)
            {
                Span<int> indices = batch.ReserveIndices(table, BatchSize);
                Span<int> offsets = batch.Offsets(table);
                for (int sample = 0; sample < BatchSize; sample++)
                {
                    offsets[sample] = sample;
                    indices[sample] = (int)(_random.NextUInt32() % (uint)TableRows[table]);
                }

                offsets[BatchSize] = BatchSize;
            }

            batch.Labels.Fill(1);
        }

        public void Dispose()
        {
        }
    }

    /// <summary>Times steps; asks for a checkpoint after a calm stretch, as many times as wanted.</summary>
    private sealed class Watch : ITrainingObserver, ICheckpointer
    {
        private const double CalmSeconds = 6;

        private readonly List<(double Extra, double Lost)> _rounds = [];
        private Checkpointer? _checkpointer;
        private int _wanted;
        private bool _writing;
        private long _phaseStart = Stopwatch.GetTimestamp();
        private long _phaseStep;
        private double _calmRate;
        private double _calmCost;
        private TimeSpan _phaseCost = Environment.CpuUsage.TotalTime;
        private double _paused;

        public Action Done { get; set; } = () => { };

        public void Attach(Checkpointer checkpointer, int checkpoints) => (_checkpointer, _wanted) = (checkpointer, checkpoints);

        public bool IsDue(long step)
        {
            double elapsed = Stopwatch.GetElapsedTime(_phaseStart).TotalSeconds;
            if (_writing)
            {
                if (_checkpointer!.IsWriting)
                {
                    return false;
                }

                Finish(step, elapsed);
                return false;
            }

            if (elapsed < CalmSeconds)
            {
                return false;
            }

            _calmRate = (step - _phaseStep) / elapsed;
            _calmCost = Cost() / (step - _phaseStep);
            return true;
        }

        public void Save(Trainer trainer)
        {
            (_phaseStart, _phaseStep, _writing) = (Stopwatch.GetTimestamp(), trainer.Save().Step, true);
            _phaseCost = Environment.CpuUsage.TotalTime;
            _paused = _checkpointer!.Paused.TotalMilliseconds;
            _checkpointer.Save(trainer);
        }

        public void Started(TrainingPlan plan)
        {
        }

        public void Stepped(long step, long samples)
        {
        }

        public void Trained(TrainRecord record)
        {
        }

        public void Testing(TrainRecord record)
        {
        }

        public void Evaluated(EvaluationRecord record)
        {
        }

        public void Warned(string message) => Console.WriteLine(message);

        private double Cost() => (Environment.CpuUsage.TotalTime - _phaseCost).TotalSeconds;

        private void Finish(long step, double elapsed)
        {
            double rate = (step - _phaseStep) / elapsed;
            double lost = elapsed * (1 - (rate / _calmRate));
            double extra = Cost() - (_calmCost * (step - _phaseStep));
            _rounds.Add((extra, lost));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"calm {_calmRate:0.0} steps/s; writing took {elapsed:0.00} s at {rate:0.0} steps/s; snapshot "
                + $"{_checkpointer!.Paused.TotalMilliseconds - _paused:0.0} ms; copied aside {SystemMemory.Describe(_checkpointer.BytesAside)}; "
                + $"lost {lost:0.00} s = {lost / 60 * 100:0.0} % of a minute; extra processor time {extra:0.00} s"));
            (_phaseStart, _phaseStep, _writing) = (Stopwatch.GetTimestamp(), step, false);
            _phaseCost = Environment.CpuUsage.TotalTime;
            if (_rounds.Count == _wanted)
            {
                double median = _rounds.Select(round => round.Lost).Order().ElementAt(_wanted / 2);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"median lost {median:0.00} s = {median / 60 * 100:0.0} % at one a minute; least extra processor time "
                    + $"{_rounds.Min(round => round.Extra):0.00} s"));
                Done();
            }
        }
    }
}
