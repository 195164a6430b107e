using System.IO.Compression;
using ZstdSharp;

namespace Dlrm.Data.Scoring.Files;

/// <summary>A file of scores, under another name until it is complete; packed if its name ends in .gz or .zst.</summary>
internal sealed class ScoreTarget : IDisposable
{
    private readonly string _path;
    private readonly FileStream _file;
    private bool _completed;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Its name in the end.</param>
    public ScoreTarget(string path)
    {
        _path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        _file = new FileStream(Partial, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
        Stream = Path.GetExtension(path) switch
        {
            ".gz" => new GZipStream(_file, CompressionLevel.Fastest, leaveOpen: true),
            ".zst" => new CompressionStream(_file, 3, leaveOpen: true),
            _ => _file,
        };
    }

    /// <summary>What to write to.</summary>
    public Stream Stream { get; }

    private string Partial => _path + ".partial";

    /// <summary>The format that a file's name tells; <see cref="RowFileFormat.Auto"/> for none.</summary>
    public static RowFileFormat FormatOf(string path)
    {
        string name = Path.GetExtension(path) is ".gz" or ".zst" ? Path.GetFileNameWithoutExtension(path) : path;
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".csv" => RowFileFormat.Csv,
            ".tsv" => RowFileFormat.Tsv,
            ".jsonl" or ".ndjson" => RowFileFormat.JsonLines,
            ".arrow" or ".feather" => RowFileFormat.Arrow,
            ".parquet" => RowFileFormat.Parquet,
            _ => RowFileFormat.Auto,
        };
    }

    /// <summary>Ends the file and gives it its name.</summary>
    public void Complete()
    {
        if (Stream != _file)
        {
            Stream.Dispose();
        }

        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(Partial, _path, overwrite: true);
        _completed = true;
    }

    /// <summary>Removes it if it is not complete.</summary>
    public void Dispose()
    {
        if (!_completed)
        {
            _file.Dispose();
            File.Delete(Partial);
        }
    }
}
