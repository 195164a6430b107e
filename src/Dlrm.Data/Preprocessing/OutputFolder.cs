using System.Globalization;
using System.IO.Hashing;
using System.Text.Json.Nodes;
using Dlrm.Data.Folders;
using Dlrm.Data.Lines;

namespace Dlrm.Data.Preprocessing;

/// <summary>The folder to make: written aside, checked, then renamed. What was there before stays until then.</summary>
internal sealed class OutputFolder : IDisposable
{
    private bool _committed;

    private OutputFolder(string path) => FullPath = path;

    /// <summary>Its path in the end.</summary>
    public string FullPath { get; }

    /// <summary>Where it is while it is made.</summary>
    public string Work => FullPath + ".partial";

    /// <summary>Set when what is finished shall be found by the next process.</summary>
    public bool KeepWork { get; set; }

    /// <summary>The data set that is there already and is what is asked for; else null.</summary>
    public DataSetDescription? Existing { get; private init; }

    /// <summary>Starts.</summary>
    /// <param name="path">The folder to make.</param>
    /// <param name="settings">What its contents depend on.</param>
    /// <param name="files">The source.</param>
    /// <param name="overwrite">A data set made otherwise is replaced.</param>
    /// <param name="cancellation">Ends the hashing of the source.</param>
    /// <exception cref="BadDataException">There is something else; the message names the difference.</exception>
    public static OutputFolder Begin(
        string path, JsonObject settings, IReadOnlyList<string> files, bool overwrite, CancellationToken cancellation)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(full) || (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any()))
        {
            if (!DataSetFolder.IsDataSet(full))
            {
                throw new BadDataException(path, "is there already and is no data set: name a new folder with --output.");
            }

            if (!overwrite)
            {
                using DataSetFolder folder = DataSetFolder.Open(full);
                string? difference = Difference(folder.Description, settings, files, cancellation);
                return difference is null
                    ? new OutputFolder(full) { Existing = folder.Description, _committed = true }
                    : throw new BadDataException(
                        path, $"is a data set that does not fit what is asked now: {difference}. Name a new folder, or add --overwrite.");
            }
        }

        return new OutputFolder(full);
    }

    /// <summary>Writes a small file.</summary>
    public void Write(string name, string text)
    {
        using var stream = new FileStream(Path.Combine(Work, name), FileMode.Create, FileAccess.Write);
        stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Removes what is not of the data set, verifies every byte, and gives the folder its name.</summary>
    public void Commit(DataSetDescription description)
    {
        foreach (string pattern in new[] { "spool-*.bin", "gains-*.bin", JournalFile.Name })
        {
            foreach (string file in Directory.EnumerateFiles(Work, pattern))
            {
                File.Delete(file);
            }
        }

        Write(DataSetDescription.FileName, description.ToJson());
        DataSetFolder.Open(Work, verify: true).Dispose();
        string? aside = null;
        if (Directory.Exists(FullPath))
        {
            aside = FullPath + ".old-" + Path.GetRandomFileName()[..8];
            Directory.Move(FullPath, aside);
        }

        Directory.Move(Work, FullPath);
        _committed = true;
        if (aside is not null)
        {
            Directory.Delete(aside, recursive: true);
        }
    }

    /// <summary>Removes what was written, unless it was committed.</summary>
    public void Dispose()
    {
        if (!_committed && !KeepWork && Directory.Exists(Work))
        {
            Directory.Delete(Work, recursive: true);
        }
    }

    private static string? Difference(
        DataSetDescription there, JsonObject settings, IReadOnlyList<string> files, CancellationToken cancellation)
    {
        foreach ((string name, JsonNode? value) in settings)
        {
            if (JsonDifference.First(name, there.Settings[name], value) is { } difference)
            {
                return "it was made with " + difference;
            }
        }

        if (files.Count != there.Sources.Count)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it was made from {there.Sources.Count} files, not {files.Count}");
        }

        for (int file = 0; file < files.Count; file++)
        {
            SourceEntry source = there.Sources[file];
            if (files[file] == SourceFiles.StandardInput || source.Path == SourceFiles.StandardInput)
            {
                return "standard input cannot be compared with what it was made from";
            }

            if (new FileInfo(files[file]).Length != source.Bytes || Hash(files[file], cancellation) != source.XxHash3)
            {
                return $"{files[file]} has other contents than {source.Path} had when it was made";
            }
        }

        return null;
    }

    private static string Hash(string path, CancellationToken cancellation)
    {
        using FileStream stream = TextSource.OpenSequential(path);
        var hash = new XxHash3();
        var buffer = new byte[1 << 20];
        int count;
        while ((count = stream.Read(buffer)) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.Append(buffer.AsSpan(0, count));
        }

        return hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture);
    }
}
