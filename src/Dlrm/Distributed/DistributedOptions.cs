using Dlrm.Kernels;

namespace Dlrm.Distributed;

/// <summary>How a model is trained by several ranks together: given to <see cref="Model.DlrmModel"/> on each of them.</summary>
/// <remarks>
/// Every rank makes the same model, from the same seed, with the same plan and options; trains it with a
/// <see cref="Training.Trainer"/> as one process would; and gets the same losses, metrics and decisions. Not owned: the
/// communicator outlives the model.
/// </remarks>
public sealed record DistributedOptions
{
    /// <summary>What the ranks talk through.</summary>
    public required ICommunicator Communicator { get; init; }

    /// <summary>Where tables are; null for <see cref="ShardPlan.Contiguous"/>, the reference's division.</summary>
    public ShardPlan? Plan { get; init; }

    /// <summary>In how many bits pooled vectors travel: single precision, or 16 bits, to which they are rounded.</summary>
    public StorageFormat CommunicationFormat { get; init; }

    /// <summary>
    /// The same bits on 1, 2, 4 and 8 ranks, whatever the plan (<c>--deterministic=ranks</c>): sums over the batch are taken
    /// over <see cref="VirtualShards"/> parts and these added in a fixed tree.
    /// </summary>
    public bool Deterministic { get; init; }

    /// <summary>Parts of a batch whose sums are taken apart where <see cref="Deterministic"/>.</summary>
    public const int VirtualShards = 8;
}
