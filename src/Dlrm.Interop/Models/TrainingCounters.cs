namespace Dlrm.Interop.Models;

/// <summary>Where training stood when a model was saved, as the reference keeps it in its checkpoints.</summary>
public sealed record TrainingCounters
{
    /// <summary>Epoch, from 0.</summary>
    public int Epoch { get; init; }

    /// <summary>Epochs of the run.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Steps done in this epoch.</summary>
    public int Iteration { get; init; }

    /// <summary>Steps of an epoch.</summary>
    public int Batches { get; init; }

    /// <summary>Batches of a test pass.</summary>
    public int TestBatches { get; init; }

    /// <summary>Mean loss of the last interval.</summary>
    public double TrainLoss { get; init; }

    /// <summary>Accuracy of the last test, in [0, 1].</summary>
    public double TestAccuracy { get; init; }

    /// <summary>Loss of the last test; null when unknown.</summary>
    public double? TestLoss { get; init; }

    /// <summary>AUC of the last test; null when unknown.</summary>
    public double? TestAuc { get; init; }

    /// <summary>Summed loss since the last line was printed.</summary>
    public double TotalLoss { get; init; }

    /// <summary>Steps done in the whole run.</summary>
    public long Steps => ((long)Epoch * Batches) + Iteration;
}
