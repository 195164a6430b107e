namespace Dlrm.Checkpoints;

/// <summary>Everything that goes into a model folder.</summary>
public sealed record ModelContents
{
    /// <summary>The model's configuration, JSON: config.json.</summary>
    public required string ConfigJson { get; init; }

    /// <summary>The trained tensors: model.safetensors.</summary>
    public required IReadOnlyList<TensorSource> Tensors { get; init; }

    /// <summary>Where training stands (step, epoch, metrics), JSON: state.json. Null for none.</summary>
    public string? StateJson { get; init; }

    /// <summary>The optimizer's state: optimizer.safetensors. Empty for none.</summary>
    public IReadOnlyList<TensorSource> OptimizerTensors { get; init; } = [];

    /// <summary>Further files by name, e.g. vocabularies: each is written by its action.</summary>
    public IReadOnlyDictionary<string, Action<Stream>> Files { get; init; } = new Dictionary<string, Action<Stream>>();

    /// <summary>Tensors beyond this many bytes go to further files. Default: 5 GB.</summary>
    public long ShardBytes { get; init; } = TensorFiles.DefaultShardBytes;

    /// <summary>Where ranks save together: tensors are this rank's, and every rank saves; null for one process.</summary>
    internal RankedSave? Ranks { get; init; }

    /// <summary>True to refuse, while writing, a tensor of the model with a float that is not finite.</summary>
    public bool RequireFinite { get; init; }
}
