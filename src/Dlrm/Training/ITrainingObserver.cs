namespace Dlrm.Training;

/// <summary>What training tells whoever watches: progress displays, the metrics file, the report.</summary>
public interface ITrainingObserver
{
    /// <summary>Once, before the first step.</summary>
    /// <param name="plan">What is going to be done.</param>
    void Started(TrainingPlan plan);

    /// <summary>After every step; cheap, allocates nothing.</summary>
    /// <param name="step">Steps done in the whole run, from 1.</param>
    /// <param name="samples">Samples done in the whole run.</param>
    void Stepped(long step, long samples);

    /// <summary>Every <c>--print-freq</c> steps, and before each test.</summary>
    /// <param name="record">The interval since the last one.</param>
    void Trained(TrainRecord record);

    /// <summary>Before a test pass.</summary>
    /// <param name="record">The training interval that precedes it.</param>
    void Testing(TrainRecord record);

    /// <summary>After a test pass.</summary>
    /// <param name="record">Its outcome.</param>
    void Evaluated(EvaluationRecord record);

    /// <summary>After a test pass, once for each further test set of <see cref="Trainer.AddTest"/>.</summary>
    /// <param name="record">Its outcome; <see cref="EvaluationRecord.Part"/> names the set.</param>
    void EvaluatedPart(EvaluationRecord record)
    {
    }

    /// <summary>A finding about the run that a person should read, e.g. that the labels are random.</summary>
    /// <param name="message">One line: what, and the likely cause.</param>
    void Warned(string message);
}

/// <summary>The size of a run.</summary>
/// <param name="Epochs">Epochs.</param>
/// <param name="BatchesPerEpoch">Steps in an epoch.</param>
/// <param name="SamplesPerEpoch">Samples in an epoch.</param>
/// <param name="TestBatches">Batches of one test pass, 0 without tests.</param>
/// <param name="FirstStep">Steps done before (a resumed run), else 0.</param>
public sealed record TrainingPlan(int Epochs, int BatchesPerEpoch, long SamplesPerEpoch, int TestBatches, long FirstStep);

/// <summary>One interval of training.</summary>
/// <param name="Step">Steps done in the whole run.</param>
/// <param name="Iteration">Steps done in this epoch.</param>
/// <param name="BatchesPerEpoch">Steps in an epoch.</param>
/// <param name="Epoch">Epoch, from 0.</param>
/// <param name="Loss">Sample-weighted mean loss over the interval.</param>
/// <param name="MillisecondsPerStep">Mean over the interval.</param>
/// <param name="LearningRate">That of the last step.</param>
/// <param name="Samples">Samples done in the whole run.</param>
public sealed record TrainRecord(
    long Step, int Iteration, int BatchesPerEpoch, int Epoch, double Loss, double MillisecondsPerStep, double LearningRate, long Samples);

/// <summary>One test pass.</summary>
/// <param name="Step">Steps done in the whole run.</param>
/// <param name="Iteration">Steps done in this epoch.</param>
/// <param name="BatchesPerEpoch">Steps in an epoch.</param>
/// <param name="Epoch">Epoch, from 0.</param>
/// <param name="Metrics">The metrics.</param>
/// <param name="Loss">The model's own loss (mse, bce or wbce) over the set.</param>
/// <param name="BestAccuracy">Of all passes so far, this one included.</param>
/// <param name="BestAuc">Of all passes so far; null while undefined.</param>
/// <param name="IsBest">True when this pass is the best so far (by AUC where defined and asked for, else accuracy).</param>
public sealed record EvaluationRecord(
    long Step, int Iteration, int BatchesPerEpoch, int Epoch, EvaluationMetrics Metrics, double Loss, double BestAccuracy, double? BestAuc, bool IsBest)
{
    /// <summary>The name of the test set; null where there is one alone.</summary>
    public string? Part { get; init; }
}
