using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Interop.Models;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>--save-model: keeps the model of the best test so far in a folder, and says so as the reference does.</summary>
internal sealed class BestModel(ModelSaver saver, string path, OptionValues values, TextWriter? output) : TrainingObserver
{
    private long _samples;
    private double _loss;
    private int _testBatches;
    private int _batches;

    /// <summary>True when a test was the best and its model was saved.</summary>
    public bool Saved { get; private set; }

    public override void Started(TrainingPlan plan) => (_testBatches, _batches) = (plan.TestBatches, plan.BatchesPerEpoch);

    public override void Trained(TrainRecord record) => (_samples, _loss) = (record.Samples, record.Loss);

    public override void Evaluated(EvaluationRecord record)
    {
        if (record.IsBest && Save(record))
        {
            Saved = true;
            output?.WriteLine($"Saving model to {path}");
        }
    }

    /// <summary>Saves the model as it is when training ended, where no test was the best.</summary>
    public void SaveLast(TrainingResult result)
    {
        if (!ForeignModel.IsWritable(path))
        {
            saver.TrySave(path, result.Steps, result.Samples);
            return;
        }

        int batches = Math.Max(_batches, 1);
        int epoch = (int)(Math.Max(result.Steps - 1, 0) / batches);
        saver.TrySaveFile(path, values, new TrainingCounters
        {
            Epoch = epoch,
            Epochs = values.GetInt(TrainOptions.Epochs),
            Iteration = (int)(result.Steps - ((long)epoch * batches)),
            Batches = batches,
            TestBatches = _testBatches,
            TrainLoss = _loss,
        });
    }

    private bool Save(EvaluationRecord record) => ForeignModel.IsWritable(path)
        ? saver.TrySaveFile(path, values, ForeignModel.Counters(values, record, _loss, _testBatches))
        : saver.TrySave(path, record.Step, _samples);
}
