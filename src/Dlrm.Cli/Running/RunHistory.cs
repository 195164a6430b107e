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

    public override void Evaluated(EvaluationRecord record) => _evaluations.Add(record);

    public override void Warned(string message) => _warnings.Add(message);
}
