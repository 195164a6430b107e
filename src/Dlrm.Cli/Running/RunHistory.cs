using Dlrm.Cli.Output;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>Keeps what the report draws.</summary>
internal sealed class RunHistory : TrainingObserver
{
    /// <summary>Far more points than a curve has pixels; beyond it every second one goes.</summary>
    private const int MostIntervals = 20_000;

    private readonly List<TrainRecord> _training = [];
    private readonly List<EvaluationRecord> _evaluations = [];
    private readonly List<string> _warnings = [];
    private int _keepEvery = 1;
    private long _seen;

    /// <summary>Intervals, in order.</summary>
    public IReadOnlyList<TrainRecord> Training => _training;

    /// <summary>Test passes, in order.</summary>
    public IReadOnlyList<EvaluationRecord> Evaluations => _evaluations;

    /// <summary>Warnings, in order.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    public override void Trained(TrainRecord record)
    {
        if (_seen++ % _keepEvery != 0)
        {
            return;
        }

        _training.Add(record);
        if (_training.Count == MostIntervals)
        {
            int kept = 0;
            _training.RemoveAll(_ => kept++ % 2 == 1);
            _keepEvery *= 2;
        }
    }

    /// <summary>Takes up what a run that goes on had measured until its checkpoint, from its metrics.jsonl.</summary>
    /// <param name="metrics">The file, cut to the checkpoint.</param>
    /// <param name="state">The checkpoint's; null for a new run.</param>
    public void GoOn(string metrics, TrainerState? state)
    {
        if (state is null)
        {
            return;
        }

        using var stream = new FileStream(metrics, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            MetricsLine.Read(line, state.BatchesPerEpoch, Trained, Evaluated);
        }
    }

    public override void Evaluated(EvaluationRecord record) => _evaluations.Add(record);

    public override void Warned(string message) => _warnings.Add(message);
}
