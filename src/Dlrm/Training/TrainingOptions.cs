using Dlrm.Optimizers;

namespace Dlrm.Training;

/// <summary>What to do when a loss is not a finite number.</summary>
public enum NanPolicy
{
    /// <summary>End training before the step changes anything.</summary>
    Stop,

    /// <summary>Warn once and go on, as the reference does.</summary>
    Warn,
}

/// <summary>How a model is trained. Defaults are the reference's.</summary>
public sealed record TrainingOptions
{
    /// <summary>Passes over the data, 1 or more (<c>--nepochs</c>).</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Steps of an epoch at most; 0 for all (<c>--num-batches</c>).</summary>
    public int BatchLimit { get; init; }

    /// <summary>
    /// Batches whose gradients are summed for one update, 1 or more (<c>--mlperf-grad-accum-iter</c>). Groups begin anew with
    /// each epoch: the last of an epoch may be smaller. Rates count updates.
    /// </summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Steps between reports of the training loss (<c>--print-freq</c>), 1 or more.</summary>
    public int PrintFrequency { get; init; } = 1;

    /// <summary>Steps between tests; 0 or less for none (<c>--test-freq</c>). The last step of an epoch is tested too.</summary>
    public int TestFrequency { get; init; } = -1;

    /// <summary>The rate of each step.</summary>
    public LearningRateSchedule LearningRate { get; init; } = new LearningRatePolicy(0.01);

    /// <summary>The rate of each step for the tables; null for that of the towers (<c>--learning-rate-sparse</c>).</summary>
    public LearningRateSchedule? SparseLearningRate { get; init; }

    /// <summary>The best test is the one with the highest AUC (as with <c>--mlperf-logging</c>), not accuracy.</summary>
    public bool BestByAuc { get; init; }

    /// <summary>Training ends when a test exceeds this accuracy; 0 for never (<c>--mlperf-acc-threshold</c>).</summary>
    public double StopAtAccuracy { get; init; }

    /// <summary>Training ends when a test exceeds this AUC; 0 for never (<c>--mlperf-auc-threshold</c>).</summary>
    public double StopAtAuc { get; init; }

    /// <summary>What a loss that is not finite does.</summary>
    public NanPolicy NanPolicy { get; init; }
}
