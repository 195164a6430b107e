using System.Globalization;
using System.IO.Hashing;
using System.Text.Json.Nodes;
using Dlrm.Data.Folders;
using Dlrm.Data.Lines;

namespace Dlrm.Data.Preprocessing;

/// <summary>The folder to make: written aside, checked, then renamed. What was there before stays until then.</summary>
internal sealed class OutputFolder : IDisposable
{
    /// <summary>Added to the name of a data set that is being replaced.</summary>
    private const string Replaced = ".replaced";

    private readonly FileStream? _lock;
    private bool _committed;

    private OutputFolder(string path, FileStream? taken)
    {
        FullPath = path;
        _lock = taken;
    }

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
        if (!Directory.Exists(full + Replaced) && There(path, full, settings, files, overwrite, cancellation) is { } there)
        {
            return new OutputFolder(full, taken: null) { Existing = there, _committed = true };
        }

        FileStream taken = Take(full);
        try
        {
            DataSetDescription? done = PutBack(full) ? There(path, full, settings, files, overwrite, cancellation) : null;
            var output = new OutputFolder(full, taken);
            done ??= output.Finished(settings, files, cancellation);
            return done is null ? output : new OutputFolder(full, taken) { Existing = done, _committed = true };
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    /// <summary>Writes a small file, which is there as a whole or not at all.</summary>
    public void Write(string name, string text)
    {
        string path = Path.Combine(Work, name);
        using (var stream = new FileStream(path + ".new", FileMode.Create, FileAccess.Write))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Describes the data set, verifies every byte of it, and gives the folder its name.</summary>
    public void Commit(DataSetDescription description)
    {
        Write(DataSetDescription.FileName, description.ToJson());
        Finish();
    }

    /// <summary>Removes what was written, unless it was committed.</summary>
    public void Dispose()
    {
        try
        {
            if (!_committed && !KeepWork && Directory.Exists(Work))
            {
                Directory.Delete(Work, recursive: true);
            }
        }
        finally
        {
            _lock?.Dispose();
        }
    }

    /// <summary>Two processes that make one folder would remove each other's files.</summary>
    private static FileStream Take(string full)
    {
        if (Path.GetDirectoryName(full) is { Length: > 0 } parent)
        {
            Directory.CreateDirectory(parent);
        }

        try
        {
            return new FileStream(full + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException exception) when (File.Exists(full + ".lock"))
        {
            throw new IOException($"{full}: another process is making this data set ({exception.Message.TrimEnd('.')}): wait for it, or name another folder with --output.", exception);
        }
    }

    /// <summary>The data set that is there, if it is what is asked for; null for none, or one that is to be replaced.</summary>
    private static DataSetDescription? There(
        string path, string full, JsonObject settings, IReadOnlyList<string> files, bool overwrite, CancellationToken cancellation)
    {
        if (!File.Exists(full) && (!Directory.Exists(full) || !Directory.EnumerateFileSystemEntries(full).Any()))
        {
            return null;
        }

        if (!DataSetFolder.IsDataSet(full))
        {
            throw new BadDataException(path, "is there already and is no data set: name a new folder with --output.");
        }

        if (overwrite)
        {
            return null;
        }

        using DataSetFolder folder = DataSetFolder.Open(full);
        return Difference(folder.Description, settings, files, cancellation) is { } difference
            ? throw new BadDataException(
                path, $"is a data set that does not fit what is asked now: {difference}. Name a new folder, or add --overwrite.")
            : folder.Description;
    }

    /// <summary>What a process that was killed at the very end had described, if it is what is asked for and whole.</summary>
    private DataSetDescription? Finished(JsonObject settings, IReadOnlyList<string> files, CancellationToken cancellation)
    {
        if (!File.Exists(Path.Combine(Work, DataSetDescription.FileName)))
        {
            return null;
        }

        try
        {
            DataSetDescription description = DataSetFolder.Describe(Work);
            if (Difference(description, settings, files, cancellation) is not null)
            {
                return null;
            }

            Finish();
            return description;
        }
        catch (BadDataException)
        {
            // It is made again.
            return null;
        }
    }

    /// <summary>Brings back the data set that a process was replacing when it was killed between the two renames.</summary>
    private static bool PutBack(string full)
    {
        if (!Directory.Exists(full + Replaced))
        {
            return false;
        }

        if (Directory.Exists(full))
        {
            Directory.Delete(full + Replaced, recursive: true);
        }
        else
        {
            Directory.Move(full + Replaced, full);
        }

        return true;
    }

    /// <summary>Verifies every byte, removes what is not of the data set, and gives the folder its name.</summary>
    private void Finish()
    {
        DataSetFolder.Open(Work, verify: true).Dispose();
        foreach (string pattern in new[] { "spool-*.bin", "gains-*.bin", JournalFile.Name })
        {
            foreach (string file in Directory.EnumerateFiles(Work, pattern))
            {
                File.Delete(file);
            }
        }

        bool replaces = Directory.Exists(FullPath);
        if (replaces)
        {
            Directory.Move(FullPath, FullPath + Replaced);
        }

        Directory.Move(Work, FullPath);
        _committed = true;
        if (replaces)
        {
            Directory.Delete(FullPath + Replaced, recursive: true);
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
