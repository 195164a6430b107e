using System.IO.Compression;

namespace Dlrm.Data.Numpy;

/// <summary>An open .npz file: a zip archive of .npy arrays.</summary>
internal sealed class NpzFile : IDisposable
{
    private readonly string _path;
    private readonly ZipArchive _archive;

    /// <summary>Opens one.</summary>
    /// <exception cref="BadDataException">It is not one.</exception>
    public NpzFile(string path)
    {
        _path = path;
        try
        {
            _archive = ZipFile.OpenRead(path);
        }
        catch (InvalidDataException exception)
        {
            throw new BadDataException(path, "is no whole .npz file: make or copy it again.", exception);
        }
    }

    /// <summary>True when there is such an array.</summary>
    public bool Has(string name) => _archive.GetEntry(name + ".npy") is not null;

    /// <summary>Reads whole numbers.</summary>
    public NpyArray<int> Ints(string name) => Open(name, NpyArray.ReadInts);

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();

    private T Open<T>(string name, Func<Stream, string, T> read)
    {
        ZipArchiveEntry entry = _archive.GetEntry(name + ".npy")
            ?? throw new BadDataException(_path, $"has no array '{name}'; it has {string.Join(", ", _archive.Entries.Select(e => Path.GetFileNameWithoutExtension(e.Name)))}.");
        try
        {
            using Stream stream = entry.Open();
            return read(stream, $"{_path}: {name}");
        }
        catch (InvalidDataException exception)
        {
            throw new BadDataException(_path, $"array '{name}' is damaged: make or copy the file again.", exception);
        }
    }
}

/// <summary>Writes an .npz file, array by array; it gets its name when it is complete.</summary>
internal sealed class NpzWriter : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;
    private readonly ZipArchive _archive;
    private readonly CompressionLevel _level;
    private bool _completed;

    /// <summary>Starts one.</summary>
    /// <param name="path">Its name in the end.</param>
    /// <param name="compress">False where readers map arrays in place, as TorchRec's do.</param>
    public NpzWriter(string path, bool compress)
    {
        _path = path;
        _stream = new FileStream(path + ".partial", FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        _archive = new ZipArchive(_stream, ZipArchiveMode.Create, leaveOpen: true);
        _level = compress ? CompressionLevel.Fastest : CompressionLevel.NoCompression;
    }

    /// <summary>Adds an array.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">E.g. <c>&lt;i4</c>.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="write">Writes the elements.</param>
    public void Add(string name, string type, long[] shape, Action<Stream> write)
    {
        ZipArchiveEntry entry = _archive.CreateEntry(name + ".npy", _level);
        entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using Stream stream = entry.Open();
        new NpyHeader(type, shape, Fortran: false).Write(stream);
        write(stream);
    }

    /// <summary>Adds whole numbers of 64 bits.</summary>
    public void Add(string name, IReadOnlyList<long> values) => Add(name, "<i8", [values.Count], stream =>
    {
        foreach (long value in values)
        {
            stream.Write(BitConverter.GetBytes(value));
        }
    });

    /// <summary>Gives the file its name.</summary>
    public void Complete()
    {
        _archive.Dispose();
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_path + ".partial", _path, overwrite: true);
        _completed = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_completed)
        {
            _stream.Dispose();
            File.Delete(_path + ".partial");
        }
    }
}
