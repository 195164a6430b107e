using Dlrm.Checkpoints;

namespace Dlrm.Interop.Models;

/// <summary>Writes a file whole or not at all: aside, flushed to the disk, checked, renamed.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file.</summary>
    /// <param name="path">Where it will be; what is there is replaced.</param>
    /// <param name="write">Writes its content.</param>
    /// <param name="check">Looks at the file before it gets its name; throws to refuse it. Null for no check.</param>
    public static void Write(string path, Action<FileStream> write, Action<string>? check = null)
    {
        string full = System.IO.Path.GetFullPath(path);
        string folder = System.IO.Path.GetDirectoryName(full)!;
        Directory.CreateDirectory(folder);
        string temporary = $"{full}.tmp-{System.IO.Path.GetRandomFileName()[..8]}";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, 1 << 16))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }

            check?.Invoke(temporary);
            File.Move(temporary, full, overwrite: true);
            DurableFile.FlushFolder(folder);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
