namespace Dlrm.Checkpoints;

/// <summary>
/// A folder that appears whole or not at all: written aside, flushed to the disk, checked, then renamed.
/// </summary>
/// <remarks>
/// Files go to <c>name.tmp-random</c> beside the destination. <see cref="Commit"/> writes manifest.json, flushes every
/// file and folder, reads everything back, and puts the new folder in the old one's place: in one step where the system
/// can exchange two names (Linux), else by renaming the old one to <c>name.old-random</c> first. A crash at any moment
/// leaves the old or the new folder, which <see cref="Find"/> finds. Leftovers are cleared by the next save. What other
/// people put into the old folder moves along. One process at a time saves to one destination; any number read.
/// </remarks>
internal sealed class AtomicFolder : IDisposable
{
    private const string Temporary = ".tmp-";
    private const string Aside = ".old-";

    private readonly FileLayer _layer;
    private readonly string _destination;
    private readonly string _folder;
    private readonly Manifest _manifest = new();
    private readonly HashSet<string> _adopted = new(StringComparer.Ordinal);
    private int _open;
    private bool _committed;

    private AtomicFolder(string destination, string folder, FileLayer layer)
    {
        _destination = destination;
        _folder = folder;
        _layer = layer;
    }

    /// <summary>Starts a folder that will become <paramref name="path"/>.</summary>
    /// <param name="path">A new path, an empty folder, or a folder saved before, which will be replaced.</param>
    /// <param name="layer">Null for the disk.</param>
    /// <exception cref="IOException">The path is a file, or a folder that was not saved by this class.</exception>
    public static AtomicFolder Begin(string path, FileLayer? layer = null)
    {
        layer ??= FileLayer.Disk;
        string destination = Resolve(path);
        if (File.Exists(destination))
        {
            throw new IOException($"{destination} is a file; a model is saved as a folder.");
        }

        if (Directory.Exists(destination) && !IsSaved(destination) && Directory.EnumerateFileSystemEntries(destination).Any())
        {
            throw new IOException(
                $"{destination} holds other files and no {Manifest.FileName}; it will not be replaced. Name a new folder.");
        }

        string parent = Path.GetDirectoryName(destination)
            ?? throw new IOException($"{destination} cannot be replaced by a saved model.");
        layer.CreateFolder(parent);
        Recover(destination, layer);
        string folder = destination + Temporary + RandomSuffix();
        layer.CreateFolder(folder);
        return new AtomicFolder(destination, folder, layer);
    }

    /// <summary>Where a saved folder is now: at its path, or aside if a crash interrupted its replacement.</summary>
    /// <param name="path">The path it was saved to.</param>
    /// <exception cref="DirectoryNotFoundException">There is nothing.</exception>
    public static string Find(string path)
    {
        string destination = Resolve(path);
        if (Directory.Exists(destination))
        {
            return destination;
        }

        return Leftovers(destination, Aside).FirstOrDefault(IsSaved)
            ?? throw new DirectoryNotFoundException($"There is no folder {destination}.");
    }

    /// <summary>Opens a new file of the folder. Dispose of it when it is written, before the next one or the end.</summary>
    /// <param name="name">Its name, without a path; each once, and not manifest.json.</param>
    public Stream Create(string name)
    {
        if (!Manifest.IsPlainName(name) || name == Manifest.FileName || _manifest.Files.ContainsKey(name))
        {
            throw new ArgumentException($"A saved folder cannot have (another) file named '{name}'.", nameof(name));
        }

        return CreateFile(name, entry => _manifest.Add(name, entry));
    }

    /// <summary>Moves a file into the folder that another process has written, flushed and checked.</summary>
    /// <param name="name">Its name here.</param>
    /// <param name="path">Where it is, on the same disk.</param>
    /// <param name="entry">Its size and hash.</param>
    public void Adopt(string name, string path, Manifest.Entry entry)
    {
        _layer.Move(path, Path.Combine(_folder, name));
        _manifest.Add(name, entry);
        _adopted.Add(name);
    }

    /// <summary>Makes the folder what stands at the destination.</summary>
    /// <exception cref="IOException">The system failed; the destination is as it was.</exception>
    /// <exception cref="InvalidDataException">What was read back is not what was written; the destination is as it was.</exception>
    public void Commit()
    {
        if (_open != 0 || _committed)
        {
            throw new InvalidOperationException("A folder is committed once, after all of its files were closed.");
        }

        using (Stream manifest = CreateFile(Manifest.FileName, _ => { }))
        {
            manifest.Write(_manifest.Format());
        }

        _layer.FlushFolder(_folder);
        _manifest.Verify(_folder, hashes: false);
        _manifest.VerifyHashes(_folder, _adopted);
        Replace();
    }

    /// <summary>Removes what was written, unless it was committed.</summary>
    public void Dispose()
    {
        if (!_committed && Directory.Exists(_folder))
        {
            TryDelete(_folder, _layer);
        }
    }

    private static string RandomSuffix() => Path.GetRandomFileName()[..8];

    private static bool IsSaved(string folder) => File.Exists(Path.Combine(folder, Manifest.FileName));

    /// <summary>The full path, with a link followed: renaming must not replace the link by a folder.</summary>
    private static string Resolve(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Directory.Exists(full) && Directory.ResolveLinkTarget(full, returnFinalTarget: true) is { } target
            ? Path.TrimEndingDirectorySeparator(target.FullName)
            : full;
    }

    /// <summary>Folders beside the destination that a crash left, newest first.</summary>
    private static List<string> Leftovers(string destination, string kind)
    {
        string? parent = Path.GetDirectoryName(destination);
        if (parent is null || !Directory.Exists(parent))
        {
            return [];
        }

        // Compared here, not by a search pattern: the name may hold * or ?.
        string start = destination + kind;
        return
        [
            .. Directory.EnumerateDirectories(parent)
                .Where(path => path.StartsWith(start, StringComparison.Ordinal) && path.Length == start.Length + 8)
                .OrderByDescending(Directory.GetLastWriteTimeUtc),
        ];
    }

    /// <summary>Undoes what a crash left half done: restores a folder set aside, deletes the rest.</summary>
    private static void Recover(string destination, FileLayer layer)
    {
        List<string> aside = Leftovers(destination, Aside);
        if (!Directory.Exists(destination) && aside.Find(IsSaved) is { } saved)
        {
            layer.Move(saved, destination);
            aside.Remove(saved);
        }

        foreach (string path in aside.Concat(Leftovers(destination, Temporary)))
        {
            TryDelete(path, layer);
        }
    }

    /// <summary>Deletes what nobody needs any more. A failure costs disk space only, and the next save tries again.</summary>
    private static void TryDelete(string folder, FileLayer layer)
    {
        try
        {
            layer.DeleteFolder(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    private HashingStream CreateFile(string name, Action<Manifest.Entry> completed)
    {
        Stream file = _layer.CreateFile(Path.Combine(_folder, name));
        _open++;
        return new HashingStream(file, _layer, entry =>
        {
            completed(entry);
            _open--;
        });
    }

    private void Replace()
    {
        string parent = Path.GetDirectoryName(_destination)!;
        string? old = null;
        if (!Directory.Exists(_destination))
        {
            _layer.Move(_folder, _destination);
        }
        else if (_layer.TryExchange(_folder, _destination))
        {
            old = _folder;
        }
        else
        {
            old = _destination + Aside + RandomSuffix();
            _layer.Move(_destination, old);
            try
            {
                _layer.Move(_folder, _destination);
            }
            catch
            {
                _layer.Move(old, _destination);
                throw;
            }
        }

        _committed = true;
        _layer.FlushFolder(parent);
        if (old is not null && KeepForeign(old))
        {
            TryDelete(old, _layer);
        }
    }

    /// <summary>Moves what was not saved by us from the old folder to the new one; false if some of it must stay.</summary>
    private bool KeepForeign(string old)
    {
        IReadOnlyDictionary<string, Manifest.Entry> ours;
        try
        {
            ours = Manifest.Read(old).Files;
        }
        catch (InvalidDataException)
        {
            ours = _manifest.Files; // no manifest (an empty folder) or a damaged one: what we would write is ours
        }

        bool all = true;
        foreach (string path in Directory.EnumerateFileSystemEntries(old))
        {
            string name = Path.GetFileName(path);
            string target = Path.Combine(_destination, name);
            if (name == Manifest.FileName || ours.ContainsKey(name))
            {
                continue;
            }

            try
            {
                Directory.Move(path, target); // a file or a folder
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                all = false;
            }
        }

        return all;
    }
}
