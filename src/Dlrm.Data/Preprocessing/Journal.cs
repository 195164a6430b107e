using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <summary>What was finished of a data set in the making: one line a piece, so that a process that is killed can go on.</summary>
/// <remarks>
/// journal.jsonl begins with what the contents depend on: settings, and each source's path, length and time. A piece is
/// a file of rows and a file of what the vocabularies gained with it, each with its hash, and the place in the source where
/// the next piece begins. A line that is not whole, or whose files do not match, ends what is kept.
/// </remarks>
internal sealed class Journal
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "journal.jsonl";

    private readonly string _folder;

    private Journal(string folder, List<JournalPiece> pieces)
    {
        _folder = folder;
        Pieces = pieces;
    }

    /// <summary>Finished pieces, in order.</summary>
    public List<JournalPiece> Pieces { get; }

    /// <summary>Reads what an earlier process left, or begins anew.</summary>
    /// <param name="folder">The folder in the making; made if need be.</param>
    /// <param name="settings">What the contents depend on.</param>
    /// <param name="files">The source; standard input cannot be gone on with.</param>
    public static Journal Open(string folder, JsonObject settings, IReadOnlyList<string> files)
    {
        string path = Path.Combine(folder, FileName);
        var head = new JsonObject
        {
            ["settings"] = settings.DeepClone(),
            ["sources"] = new JsonArray([.. files.Select(Identity)]),
        };
        if (File.Exists(path) && !files.Contains(SourceFiles.StandardInput))
        {
            string[] lines = File.ReadAllText(path).Split('\n');
            if (lines.Length > 1 && Parse(lines[0]) is { } found && JsonNode.DeepEquals(found, JsonNode.Parse(head.ToJsonString())))
            {
                var journal = new Journal(folder, Whole(folder, lines));
                journal.Rewrite(lines[0]);
                return journal;
            }
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
        var fresh = new Journal(folder, []);
        fresh.Append(head.ToJsonString());
        return fresh;
    }

    /// <summary>Adds a piece whose files are on the disk.</summary>
    public void Add(JournalPiece piece)
    {
        Pieces.Add(piece);
        Append(JsonSerializer.Serialize(piece));
    }

    /// <summary>Writes what the vocabularies gained, and gives the file's hash.</summary>
    /// <param name="name">A new file.</param>
    /// <param name="write">Writes it.</param>
    public string WriteGains(string name, Action<Stream> write)
    {
        using var stream = new HashingWriteStream(new FileStream(Path.Combine(_folder, name), FileMode.Create, FileAccess.Write));
        write(stream);
        stream.FlushToDisk();
        return stream.Hash.ToString("x16", CultureInfo.InvariantCulture);
    }

    private static JsonNode Identity(string file) => file == SourceFiles.StandardInput
        ? JsonValue.Create(file)
        : new JsonObject
        {
            ["path"] = file,
            ["bytes"] = new FileInfo(file).Length,
            ["time"] = File.GetLastWriteTimeUtc(file).Ticks,
        };

    private static JsonNode? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static List<JournalPiece> Whole(string folder, string[] lines)
    {
        var pieces = new List<JournalPiece>();

        // Behind the last line feed is nothing, or a line that was being written.
        foreach (string line in lines[1..^1])
        {
            JournalPiece? piece;
            try
            {
                piece = JsonSerializer.Deserialize<JournalPiece>(line);
            }
            catch (JsonException)
            {
                break;
            }

            if (piece is null || !Matches(folder, piece.File.Name, piece.File.XxHash3) || !Matches(folder, piece.Gains, piece.GainsHash))
            {
                break;
            }

            pieces.Add(piece);
        }

        return pieces;
    }

    private static bool Matches(string folder, string name, string hash)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            return false;
        }

        using FileStream stream = File.OpenRead(path);
        var found = new XxHash3();
        found.Append(stream);
        return found.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture) == hash;
    }

    /// <summary>Leaves only what is whole in the journal, and only its files in the folder.</summary>
    private void Rewrite(string head)
    {
        HashSet<string> kept = [FileName, .. Pieces.SelectMany(piece => new[] { piece.File.Name, piece.Gains })];
        foreach (string file in Directory.EnumerateFiles(_folder).Where(file => !kept.Contains(Path.GetFileName(file))))
        {
            File.Delete(file);
        }

        string path = Path.Combine(_folder, FileName);
        File.WriteAllText(path + ".new", string.Join('\n', Pieces.Select(piece => JsonSerializer.Serialize(piece)).Prepend(head)) + "\n");
        File.Move(path + ".new", path, overwrite: true);
    }

    private void Append(string line)
    {
        using var stream = new FileStream(Path.Combine(_folder, FileName), FileMode.Append, FileAccess.Write);
        stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        stream.Flush(flushToDisk: true);
    }
}

/// <summary>A finished piece.</summary>
/// <param name="File">Its rows.</param>
/// <param name="Gains">The file of what the vocabularies gained.</param>
/// <param name="GainsHash">Its XxHash3.</param>
/// <param name="Source">The source file in which the next piece begins.</param>
/// <param name="TextBytes">Bytes of text before it there.</param>
/// <param name="Lines">Lines before it there.</param>
/// <param name="RowsRead">Rows of all files before it, dropped ones included.</param>
internal sealed record JournalPiece(
    RowFileEntry File, string Gains, string GainsHash, int Source, long TextBytes, long Lines, long RowsRead)
{
    /// <summary>Rows of each source file so far, as they were read and as they were kept.</summary>
    public required IReadOnlyList<SourceRows> Sources { get; init; }

    /// <summary>Rows left out so far, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>Those of this piece, described.</summary>
    public IReadOnlyList<string> Rejects { get; init; } = [];
}

/// <summary>Rows of a source file.</summary>
/// <param name="Read">Good rows in it.</param>
/// <param name="Kept">Those that were not dropped.</param>
/// <param name="Bytes">Its length, once it was read to the end; else 0.</param>
/// <param name="XxHash3">Its hash, once it was read to the end; else empty.</param>
internal sealed record SourceRows(long Read, long Kept, long Bytes, string XxHash3);
