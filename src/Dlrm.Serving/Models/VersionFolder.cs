using System.Globalization;
using System.IO.Hashing;

namespace Dlrm.Serving.Models;

/// <summary>A saved model that might be served.</summary>
/// <param name="Path">Its folder.</param>
/// <param name="Version">The number of its folder; for a folder that is no version, the beginning of its fingerprint.</param>
/// <param name="Fingerprint">Hash of its manifest, which holds the hashes of all its files: another one is another model.</param>
internal sealed record VersionFolder(string Path, string Version, string Fingerprint)
{
    private const string Manifest = "manifest.json";

    /// <summary>What a model's folder holds, the newest version first.</summary>
    /// <param name="folder">A model folder, a run's folder, or a folder of versions.</param>
    /// <param name="named">False for a folder that names itself on the command line, where links may lead anywhere.</param>
    public static IReadOnlyList<VersionFolder> Find(string folder, bool named)
    {
        try
        {
            string inside = System.IO.Path.Combine(folder, "model");
            foreach (string alone in (string[])[folder, inside])
            {
                if (Of(alone, version: null) is { } model && (!named || StaysInside(alone, folder)))
                {
                    return [model];
                }
            }

            var versions = new List<(long Number, VersionFolder Folder)>();
            foreach (string path in Directory.EnumerateDirectories(folder))
            {
                string name = System.IO.Path.GetFileName(path);
                if (ModelName.TryVersion(name, out long number) && (!named || StaysInside(path, folder)) && Of(path, name) is { } found)
                {
                    versions.Add((number, found));
                }
            }

            return [.. versions.OrderByDescending(entry => entry.Number).Select(entry => entry.Folder)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Whether a path, links followed, lies in a folder.</summary>
    public static bool StaysInside(string path, string folder)
    {
        string root = Real(folder) + System.IO.Path.DirectorySeparatorChar;
        return (Real(path) + System.IO.Path.DirectorySeparatorChar).StartsWith(root, StringComparison.Ordinal);
    }

    private static string Real(string path)
    {
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        return Directory.ResolveLinkTarget(full, returnFinalTarget: true) is { } target
            ? System.IO.Path.TrimEndingDirectorySeparator(target.FullName)
            : full;
    }

    private static VersionFolder? Of(string path, string? version)
    {
        string manifest = System.IO.Path.Combine(path, Manifest);
        if (!File.Exists(manifest))
        {
            return null;
        }

        try
        {
            string fingerprint = XxHash3.HashToUInt64(File.ReadAllBytes(manifest)).ToString("x16", CultureInfo.InvariantCulture);
            return new VersionFolder(path, version ?? fingerprint[..8], fingerprint);
        }
        catch (IOException)
        {
            return null; // it is being replaced: the next look finds it
        }
    }
}
