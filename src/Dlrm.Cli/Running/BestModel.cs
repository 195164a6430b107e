using Dlrm.Cli.Output;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>--save-model: keeps the model of the best test so far in a folder, and says so as the reference does.</summary>
internal sealed class BestModel(ModelSaver saver, string path, TextWriter? output) : TrainingObserver
{
    private long _samples;

    /// <summary>True when a test was the best and its model was saved.</summary>
    public bool Saved { get; private set; }

    public override void Trained(TrainRecord record) => _samples = record.Samples;

    public override void Evaluated(EvaluationRecord record)
    {
        if (record.IsBest && saver.TrySave(path, record.Step, _samples))
        {
            Saved = true;
            output?.WriteLine($"Saving model to {path}");
        }
    }
}
