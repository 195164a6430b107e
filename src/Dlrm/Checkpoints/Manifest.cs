using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;

namespace Dlrm.Checkpoints;

/// <summary>manifest.json: the size and XxHash3 (64 bits, seed 0) of every other file of a saved folder.</summary>
internal sealed class Manifest
{
    public const string FileName = "manifest.json";

    /// <summary>Raised when an older program could not read the folder.</summary>
    public const int FormatVersion = 1;

    private readonly SortedDictionary<string, Entry> _files = new(StringComparer.Ordinal);

    /// <summary>The files by name.</summary>
    public IReadOnlyDictionary<string, Entry> Files => _files;

    /// <summary>True for the name of a file, as opposed to a way out of the folder.</summary>
    public static bool IsPlainName(string name)
        => name.Length > 0 && name is not ("." or "..") && name.IndexOfAny(['/', '\\', ':', '\0']) < 0;

    public void Add(string name, Entry entry) => _files.Add(name, entry);

    public byte[] Format()
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("format_version", FormatVersion);
            writer.WriteStartObject("files");
            foreach ((string name, Entry entry) in _files)
            {
                writer.WriteStartObject(name);
                writer.WriteNumber("size", entry.Size);
                writer.WriteString("xxhash3", entry.Hash.ToString("x16", CultureInfo.InvariantCulture));
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        json.WriteByte((byte)'\n');
        return json.ToArray();
    }

    /// <summary>Reads the manifest of a folder.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is damaged, or a later version wrote it.</exception>
    public static Manifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new InvalidDataException($"{folder} holds no {FileName}: it is no saved model, or saving it was cut short.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            int version = document.RootElement.GetProperty("format_version").GetInt32();
            if (version != FormatVersion)
            {
                throw new InvalidDataException(
                    $"{path}: format version {version}; this program reads version {FormatVersion}. Use a newer one.");
            }

            var manifest = new Manifest();
            foreach (JsonProperty file in document.RootElement.GetProperty("files").EnumerateObject())
            {
                ulong hash = ulong.Parse(
                    file.Value.GetProperty("xxhash3").GetString()!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                if (!IsPlainName(file.Name)
                    || !manifest._files.TryAdd(file.Name, new Entry(file.Value.GetProperty("size").GetInt64(), hash)))
                {
                    throw new InvalidDataException($"{path}: '{file.Name}' is no file name, or it occurs twice.");
                }
            }

            return manifest;
        }
        catch (Exception exception)
            when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException
                or OverflowException or ArgumentNullException)
        {
            throw new InvalidDataException($"{path} is damaged: {exception.Message}", exception);
        }
    }

    /// <summary>Compares a folder with this manifest, in sizes and, when asked, in every byte.</summary>
    /// <exception cref="InvalidDataException">A file is missing, too short, too long, altered, or one too many.</exception>
    public void Verify(string folder, bool hashes)
    {
        foreach ((string name, Entry expected) in _files)
        {
            var file = new FileInfo(Path.Combine(folder, name));
            if (!file.Exists)
            {
                throw new InvalidDataException($"{file.FullName} is missing, though {FileName} lists it.");
            }

            if (file.Length != expected.Size)
            {
                throw new InvalidDataException(
                    $"{file.FullName} has {file.Length} bytes, but {expected.Size} were saved: it is damaged.");
            }
        }

        // Notes and the like beside a model are fine; tensors that nobody wrote are not.
        foreach (string path in Directory.EnumerateFiles(folder, "*.safetensors"))
        {
            if (!_files.ContainsKey(Path.GetFileName(path)))
            {
                throw new InvalidDataException($"{path} does not belong to this model: {FileName} does not list it. Move it away.");
            }
        }

        if (hashes)
        {
            VerifyHashes(folder);
        }
    }

    /// <summary>Compares every byte of a folder with this manifest.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="except">Files that somebody else has compared; null for none.</param>
    /// <exception cref="InvalidDataException">A file is altered.</exception>
    public void VerifyHashes(string folder, IReadOnlySet<string>? except = null)
    {
        foreach ((string name, Entry expected) in _files)
        {
            if (except?.Contains(name) == true)
            {
                continue;
            }

            string path = Path.Combine(folder, name);
            ulong hash = HashOf(path);
            if (hash != expected.Hash)
            {
                throw new InvalidDataException(
                    $"{path} is damaged: its XxHash3 is {hash:x16}, but {expected.Hash:x16} was saved.");
            }
        }
    }

    private static ulong HashOf(string path)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(1 << 20);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var hash = new XxHash3();
        int read;
        while ((read = file.Read(piece)) > 0)
        {
            hash.Append(piece.AsSpan(0, read));
        }

        ArrayPool<byte>.Shared.Return(piece);
        return hash.GetCurrentHashAsUInt64();
    }

    /// <summary>What is known of a file.</summary>
    public readonly record struct Entry(long Size, ulong Hash);
}
