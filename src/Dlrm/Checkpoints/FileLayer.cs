namespace Dlrm.Checkpoints;

/// <summary>The few steps that change a disk when a folder is saved. Tests put one in between that fails on demand.</summary>
internal class FileLayer
{
    /// <summary>The disk as it is.</summary>
    public static FileLayer Disk { get; } = KillingLayer.FromEnvironment() ?? new FileLayer();

    public virtual void CreateFolder(string path) => Directory.CreateDirectory(path);

    public virtual Stream CreateFile(string path)
        => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>Has the system write a file through to the disk.</summary>
    public virtual void Flush(Stream file) => ((FileStream)file).Flush(flushToDisk: true);

    /// <summary>Has the system write a folder's names through to the disk.</summary>
    public virtual void FlushFolder(string path) => DurableFile.FlushFolder(path);

    public virtual void Move(string from, string to) => Directory.Move(from, to);

    /// <summary>Exchanges two folders in one step; false where that cannot be done.</summary>
    public virtual bool TryExchange(string first, string second) => DurableFile.TryExchange(first, second);

    public virtual void DeleteFolder(string path) => Directory.Delete(path, recursive: true);
}
