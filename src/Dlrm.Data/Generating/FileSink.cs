using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dlrm.Data.Generating;

/// <summary>A single file, written under another name and renamed when complete; the report and a schema lie beside it.</summary>
internal abstract class FileSink : RowSink
{
    /// <summary>What <see cref="ReportPath"/> adds to the file's name.</summary>
    public const string ReportSuffix = ".generated.json";

    private readonly string _path;
    private bool _completed;

    /// <summary>Starts the file.</summary>
    protected FileSink(string path)
    {
        _path = path;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        Stream = new FileStream(Partial, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
    }

    /// <summary>The file under way.</summary>
    protected FileStream Stream { get; }

    /// <summary>schema.json for <c>dlrm preprocess</c>; null where a preset knows the columns.</summary>
    protected abstract string? Schema { get; }

    private string Partial => _path + ".partial";

    /// <summary>Where the report lies.</summary>
    public static string ReportPath(string path) => path + ReportSuffix;

    /// <inheritdoc/>
    public override void Complete(JsonObject report)
    {
        End();
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Delete(ReportPath(_path));
        File.Move(Partial, _path, overwrite: true);
        if (Schema is { } schema)
        {
            File.WriteAllText(_path + ".schema.json", schema, Encoding.UTF8);
        }

        File.WriteAllText(ReportPath(_path), report.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        _completed = true;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Stream.Dispose();
        if (!_completed)
        {
            File.Delete(Partial);
        }
    }

    /// <summary>Writes what is left.</summary>
    protected abstract void End();
}
