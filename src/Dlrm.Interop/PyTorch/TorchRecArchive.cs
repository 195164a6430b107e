using System.Runtime.InteropServices;
using Dlrm.Interop.Models;

namespace Dlrm.Interop.PyTorch;

/// <summary>TorchRec's tensors under our names.</summary>
internal sealed class TorchRecArchive : ITensorArchive
{
    private readonly ITensorArchive _inner;
    private readonly Dictionary<string, string> _theirs;

    public TorchRecArchive(ITensorArchive inner)
    {
        _inner = inner;
        _theirs = TorchRecNames.Read(inner);
        Shapes = _theirs.ToDictionary(entry => entry.Key, entry => inner.Shapes[entry.Value], StringComparer.Ordinal);
    }

    public string Path => _inner.Path;

    public IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; }

    public Stream Open(string name)
    {
        Stream stream = _inner.Open(_theirs[name]);
        if (name != "top_l.0.weight" || Shapes.ContainsKey("inter.V_kernels.0"))
        {
            return stream;
        }

        int tables = Shapes.Keys.Count(key => key.StartsWith("emb_l.", StringComparison.Ordinal));
        int[] columns = TorchRecNames.Columns((int)Shapes["emb_l.0.weight"][1], tables + 1);
        if (columns.Length != Shapes[name][1])
        {
            stream.Dispose();
            throw new RefusedFileException(
                RefusalReason.NotThisFormat,
                $"{Path}: the over arch takes {Shapes[name][1]} numbers; a TorchRec DLRM of {tables} tables gives {columns.Length}.");
        }

        using (stream)
        {
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            float[] ours = TorchRecNames.Permute(memory.ToArray(), columns, toTheirs: false);
            return new MemoryStream(MemoryMarshal.AsBytes(ours.AsSpan()).ToArray(), writable: false);
        }
    }

    public void Dispose() => _inner.Dispose();
}
