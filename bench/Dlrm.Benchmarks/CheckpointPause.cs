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
/// What a checkpoint costs a run: steps without and with one being written, in turn, in one process. Arguments: folder, then
/// perhaps rows of a table (1000000), tables (8) and checkpoints (5): 1000000 rows × 8 tables × 64 elements are 2 GB.
/// </summary>
/// <remarks>
/// Lost time = steps during the write × (time of a step then − time of a step in the calm before and after it), the pause
/// included; over 60 s it is the share that one checkpoint a minute costs, whatever the length of this measurement. On a busy
/// machine the extra processor time says more: what the process used meanwhile less its steps' share, an upper bound of what
/// training lost.
/// </remarks>
internal static class CheckpointPause
{
    private const int Dimension = 64;
    private const int BatchSize = 2048;

    public static void Run(string[] arguments)
    {
        string folder = arguments[0];
        int rows = Argument(1, 1_000_000);
        int tables = Argument(2, 8);
        int checkpoints = Argument(3, 5);
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
            model,
            new CheckpointFolder(folder),
            new CheckpointOptions
            {
                Every = CheckpointInterval.Parse("1000min"), // never by itself: the watch asks for each
                Keep = 1,
                Warn = Console.WriteLine,
            });
        watch.Attach(checkpointer, checkpoints);
        trainer.Checkpointer = watch;
        using var stop = new CancellationTokenSource();
        watch.Done = stop.Cancel;
        trainer.Run(stop.Token);

        int Argument(int number, int otherwise) =>
            arguments.Length > number ? int.Parse(arguments[number], CultureInfo.InvariantCulture) : otherwise;
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

    /// <summary>Times steps: a calm stretch, a checkpoint, a calm stretch, and so on.</summary>
    private sealed class Watch : ITrainingObserver, ICheckpointer
    {
        private const double CalmSeconds = 4;

        private readonly List<Stretch> _calm = [];
        private readonly List<(Stretch Stretch, double Pause, long Aside)> _writes = [];
        private Checkpointer? _checkpointer;
        private int _wanted;
        private bool _writing;
        private long _start = Stopwatch.GetTimestamp();
        private long _firstStep;
        private TimeSpan _used = Environment.CpuUsage.TotalTime;
        private double _paused;

        public Action Done { get; set; } = () => { };

        public void Attach(Checkpointer checkpointer, int checkpoints) => (_checkpointer, _wanted) = (checkpointer, checkpoints);

        public bool IsDue(long step)
        {
            if (_writing)
            {
                if (!_checkpointer!.IsWriting)
                {
                    _writes.Add((End(step), _checkpointer.Paused.TotalMilliseconds - _paused, _checkpointer.BytesAside));
                    _writing = false;
                }

                return false;
            }

            if (Stopwatch.GetElapsedTime(_start).TotalSeconds < CalmSeconds)
            {
                return false;
            }

            _calm.Add(End(step));
            if (_writes.Count < _wanted)
            {
                return true;
            }

            Print();
            Done();
            return false;
        }

        public void Save(Trainer trainer)
        {
            _writing = true;
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

        private Stretch End(long step)
        {
            TimeSpan used = Environment.CpuUsage.TotalTime;
            var stretch = new Stretch(step - _firstStep, Stopwatch.GetElapsedTime(_start).TotalSeconds, (used - _used).TotalSeconds);
            (_start, _firstStep, _used) = (Stopwatch.GetTimestamp(), step, used);
            return stretch;
        }

        private void Print()
        {
            var lost = new List<double>();
            var extra = new List<double>();
            for (int number = 0; number < _wanted; number++)
            {
                (Stretch write, double pause, long aside) = _writes[number];
                Stretch calm = _calm[number] + _calm[number + 1];
                lost.Add(write.Seconds - (write.Steps * calm.Seconds / calm.Steps));
                extra.Add(write.Used - (write.Steps * calm.Used / calm.Steps));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"calm {1000 * calm.Seconds / calm.Steps:0.0} ms a step; writing {write.Seconds:0.00} s, {write.Steps} steps of "
                    + $"{1000 * write.Seconds / write.Steps:0.0} ms; snapshot {pause:0.0} ms; copied aside {SystemMemory.Describe(aside)}; lost "
                    + $"{lost[^1]:0.00} s = {lost[^1] / 60 * 100:0.0} % of a minute; extra processor time {extra[^1]:0.00} s"));
            }

            double median = lost.Order().ElementAt(_wanted / 2);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"median lost {median:0.00} s = {median / 60 * 100:0.0} % at one a minute; least {lost.Min():0.00} s; least extra processor time "
                + $"{extra.Min():0.00} s"));
        }

        /// <summary>Steps, their duration and the processor time of the process meanwhile.</summary>
        private readonly record struct Stretch(long Steps, double Seconds, double Used)
        {
            public static Stretch operator +(Stretch a, Stretch b) => new(a.Steps + b.Steps, a.Seconds + b.Seconds, a.Used + b.Used);
        }
    }
}
