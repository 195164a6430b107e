using Dlrm.Memory;

namespace Dlrm.Checkpoints;

/// <summary>The mapped tensor files of one model folder.</summary>
/// <param name="files">By path; owned from now on.</param>
internal sealed class MappedTensors(IReadOnlyDictionary<string, MappedMemory> files) : IDisposable
{
    /// <summary>The file of a path.</summary>
    public MappedMemory File(string path) => files[path];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MappedMemory file in files.Values)
        {
            file.Dispose();
        }
    }
}
