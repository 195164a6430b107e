using System.Text.Json.Nodes;
using Dlrm.Cli.Output;
using Dlrm.Reports.Recorded;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>Keeps what the report draws.</summary>
internal sealed class RunHistory : TrainingObserver, ITrainingState
{
    /// <summary>Far more points than a curve has pixels; beyond it every second one goes.</summary>
    private const int MostIntervals = 20_000;

    private readonly List<TrainRecord> _training = [];
    private readonly List<EvaluationRecord> _evaluations = [];
    private readonly List<EvaluationRecord> _furtherTests = [];
    private readonly List<string> _warnings = [];
    private int _keepEvery = 1;
    private long _seen;

    /// <summary>Intervals, in order.</summary>
    public IReadOnlyList<TrainRecord> Training => _training;

    /// <summary>Test passes, in order.</summary>
    public IReadOnlyList<EvaluationRecord> Evaluations => _evaluations;

    /// <summary>Passes over further test sets, in order.</summary>
    public IReadOnlyList<EvaluationRecord> FurtherTests => _furtherTests;

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

    /// <summary>In state.json: the warnings, which are in no other file. All else is in metrics.jsonl.</summary>
    public string Name => "warnings";

    public JsonNode Save() => new JsonArray([.. _warnings.Select(warning => (JsonNode)warning)]);

    public void Restore(JsonNode state)
    {
        _warnings.Clear();
        _warnings.AddRange(state.AsArray().Select(warning => warning!.GetValue<string>()));
    }

    /// <summary>Takes up what a run that goes on had measured until its checkpoint, from its metrics.jsonl.</summary>
    /// <param name="metrics">The file, cut to the checkpoint.</param>
    public void GoOn(string metrics)
    {
        var lines = new MetricsLines();
        using var stream = new FileStream(metrics, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            try
            {
                lines.Read(line);
            }
            catch (InvalidDataException)
            {
                // A damaged line is missing in the report; it is no reason not to go on.
            }
        }

        foreach (TrainRecord record in lines.Training)
        {
            Trained(record);
        }

        _evaluations.AddRange(lines.Evaluations);
        _furtherTests.AddRange(lines.FurtherTests);
    }

    public override void Evaluated(EvaluationRecord record) => _evaluations.Add(record);

    public override void EvaluatedPart(EvaluationRecord record) => _furtherTests.Add(record);

    public override void Warned(string message) => _warnings.Add(message);
}
