using Dlrm.Checkpoints;
using Dlrm.Interop.Models;
using Dlrm.Model;

namespace Dlrm.Interop.PyTorch;

/// <summary>Everything that goes into a PyTorch checkpoint.</summary>
public sealed record TorchModelContents
{
    /// <summary>The architecture.</summary>
    public required DlrmConfig Config { get; init; }

    /// <summary>All parameters, in any order.</summary>
    public required IReadOnlyList<TensorSource> Tensors { get; init; }

    /// <summary>The optimizer's state under our names; empty for none.</summary>
    public IReadOnlyList<TensorSource> OptimizerTensors { get; init; } = [];

    /// <summary>The optimizer's name on the command line.</summary>
    public string OptimizerName { get; init; } = "sgd";

    /// <summary>The learning rate to go on with.</summary>
    public double LearningRate { get; init; } = 0.01;

    /// <summary>For sgd.</summary>
    public double Momentum { get; init; }

    /// <summary>Where training stands.</summary>
    public TrainingCounters Counters { get; init; } = new();
}
