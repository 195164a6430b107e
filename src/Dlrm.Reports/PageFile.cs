using System.Text;

namespace Dlrm.Reports;

/// <summary>Writes a text file whole or not at all: beside the target, then renamed over it.</summary>
internal static class PageFile
{
    /// <summary>Writes it.</summary>
    /// <param name="path">The file; its folder is made if it is missing.</param>
    /// <param name="text">Its text.</param>
    /// <exception cref="IOException">It cannot be written; an older file is left as it was.</exception>
    public static void Write(string path, string text)
    {
        string target = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        string temporary = $"{target}.tmp-{Guid.NewGuid():N}";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(Encoding.UTF8.GetBytes(text));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
