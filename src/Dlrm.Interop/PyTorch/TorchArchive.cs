using Dlrm.Interop.Models;
using Dlrm.Interop.Pickle;

namespace Dlrm.Interop.PyTorch;

/// <summary>The tensors of a state_dict in a PyTorch file.</summary>
internal sealed class TorchArchive : ITensorArchive
{
    private static readonly string[] StateKeys = ["state_dict", "model_state_dict", "model"];

    private readonly TorchFile _file;
    private readonly Dictionary<string, TorchTensor> _tensors = new(StringComparer.Ordinal);

    /// <summary>Finds the state_dict in an opened file, which is closed with the archive.</summary>
    /// <exception cref="RefusedFileException">There is none.</exception>
    public TorchArchive(TorchFile file)
    {
        _file = file;
        PickleDictionary state = Find(file) ?? throw new RefusedFileException(
            RefusalReason.NotThisFormat, $"{file.Path} holds no state_dict: neither tensors by name nor an entry 'state_dict'.");
        foreach ((object key, object? value) in state.Entries)
        {
            if (key is string name && value is TorchTensor tensor)
            {
                _tensors[name] = tensor;
            }
        }

        Shapes = _tensors.ToDictionary(entry => entry.Key, entry => entry.Value.Shape, StringComparer.Ordinal);
    }

    public string Path => _file.Path;

    public IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; }

    public Stream Open(string name) => _file.OpenTensor(_tensors[name], name);

    public void Dispose() => _file.Dispose();

    private static PickleDictionary? Find(TorchFile file)
    {
        if (file.Root is not PickleDictionary root)
        {
            return null;
        }

        foreach (string key in StateKeys)
        {
            if (root[key] is PickleDictionary inner && inner.Entries.Any(entry => entry.Value is TorchTensor))
            {
                return inner;
            }
        }

        return root.Entries.Any(entry => entry.Value is TorchTensor) ? root : null;
    }
}
