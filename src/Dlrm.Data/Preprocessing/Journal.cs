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
/// the next piece begins. Where rows are spooled first, the files of the data set follow, each with its hash. A line that is not
/// whole, or whose files do not match, ends what is kept.
/// </remarks>
/// <typeparam name="TPiece">What is told of a piece.</typeparam>
internal sealed class Journal<TPiece>
    where TPiece : class, IJournalPiece
{
    /// <summary>Pieces that were written otherwise are not gone on with.</summary>
    private const int Version = 3;

    private readonly string _folder;

    private Journal(string folder) => _folder = folder;

    /// <summary>Finished pieces, in order.</summary>
    public List<TPiece> Pieces { get; } = [];

    /// <summary>Finished files of the data set, written once all pieces were there.</summary>
    public List<EncodedFile> Encoded { get; } = [];

    /// <summary>Reads what an earlier process left, or begins anew.</summary>
    /// <param name="folder">The folder in the making; made if need be.</param>
    /// <param name="settings">What the contents depend on.</param>
    /// <param name="files">The source; standard input cannot be gone on with.</param>
    public static Journal<TPiece> Open(string folder, JsonObject settings, IReadOnlyList<string> files)
    {
        string path = Path.Combine(folder, JournalFile.Name);
        var head = new JsonObject
        {
            ["version"] = Version,
            ["settings"] = settings.DeepClone(),
            ["sources"] = new JsonArray([.. files.Select(Identity)]),
        };
        if (File.Exists(path) && !files.Contains(SourceFiles.StandardInput))
        {
            string[] lines = File.ReadAllText(path).Split('\n');
            if (lines.Length > 1 && Parse(lines[0]) is { } found && JsonNode.DeepEquals(found, JsonNode.Parse(head.ToJsonString())))
            {
                var journal = new Journal<TPiece>(folder);
                journal.Take(lines);
                journal.Rewrite(lines[0]);
                return journal;
            }
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
        var fresh = new Journal<TPiece>(folder);
        fresh.Append(head.ToJsonString());
        return fresh;
    }

    /// <summary>Adds a piece whose files are on the disk.</summary>
    public void Add(TPiece piece)
    {
        Pieces.Add(piece);
        Append(JsonSerializer.Serialize(piece));
    }

    /// <summary>Adds a file of the data set that is on the disk.</summary>
    public void Add(EncodedFile file)
    {
        Encoded.Add(file);
        Append(JsonSerializer.Serialize(file));
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

    /// <summary>Takes up what is whole.</summary>
    private void Take(string[] lines)
    {
        // Behind the last line feed is nothing, or a line that was being written.
        foreach (string line in lines[1..^1])
        {
            try
            {
                if (line.StartsWith(EncodedFile.LineStart, StringComparison.Ordinal))
                {
                    EncodedFile file = JsonSerializer.Deserialize<EncodedFile>(line)!;
                    if (!Matches(_folder, file.File.Name, file.File.XxHash3))
                    {
                        return;
                    }

                    Encoded.Add(file);
                    continue;
                }

                TPiece? piece = JsonSerializer.Deserialize<TPiece>(line);
                if (piece is null || !piece.Hashes.All(file => Matches(_folder, file.Key, file.Value)))
                {
                    return;
                }

                Pieces.Add(piece);
            }
            catch (JsonException)
            {
                return;
            }
        }
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
        HashSet<string> kept =
            [JournalFile.Name, .. Pieces.SelectMany(piece => piece.Hashes.Keys), .. Encoded.Select(file => file.File.Name)];
        foreach (string file in Directory.EnumerateFiles(_folder).Where(file => !kept.Contains(Path.GetFileName(file))))
        {
            File.Delete(file);
        }

        string path = Path.Combine(_folder, JournalFile.Name);
        IEnumerable<string> lines =
            [head, .. Pieces.Select(piece => JsonSerializer.Serialize(piece)), .. Encoded.Select(file => JsonSerializer.Serialize(file))];
        File.WriteAllText(path + ".new", string.Join('\n', lines) + "\n");
        File.Move(path + ".new", path, overwrite: true);
    }

    private void Append(string line)
    {
        using var stream = new FileStream(Path.Combine(_folder, JournalFile.Name), FileMode.Append, FileAccess.Write);
        stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        stream.Flush(flushToDisk: true);
    }
}

/// <summary>The file of a <see cref="Journal{TPiece}"/>.</summary>
internal static class JournalFile
{
    /// <summary>Its name.</summary>
    public const string Name = "journal.jsonl";
}

/// <summary>A finished piece.</summary>
internal interface IJournalPiece
{
    /// <summary>The files it needs, with their XxHash3.</summary>
    IReadOnlyDictionary<string, string> Hashes { get; }
}
