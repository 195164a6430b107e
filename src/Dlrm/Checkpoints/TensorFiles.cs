using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Dlrm.Memory;

namespace Dlrm.Checkpoints;

/// <summary>
/// The tensors of a folder under one stem: <c>stem.safetensors</c>, or shards with <c>stem.safetensors.index.json</c>.
/// </summary>
/// <remarks>
/// Shards are named and indexed as Hugging Face does: <c>stem-00001-of-00003.safetensors</c>, and a JSON file whose
/// weight_map says which shard holds a tensor. A tensor is never divided; one over the limit has a shard of its own.
/// Ranks that train together write a file each instead, <c>stem.rank-00001-of-00004.safetensors</c>, in which tensors may
/// be parts (<see cref="TensorPart"/>): they are read as if they were whole.
/// </remarks>
internal sealed class TensorFiles : IDisposable
{
    /// <summary>5 GB, the limit that Hugging Face uses.</summary>
    public const long DefaultShardBytes = 5_000_000_000;

    private readonly List<SafetensorsReader> _readers = [];
    private readonly Dictionary<string, SafetensorsReader> _readerOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PartedTensor> _parted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly string _stem;
    private readonly string _folder;

    private TensorFiles(string folder, string stem)
    {
        _folder = folder;
        _stem = stem;
    }

    /// <summary>Every tensor by name.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    public static void Write(
        AtomicFolder folder, string stem, IReadOnlyList<TensorSource> tensors, long shardBytes, bool requireFinite = false)
    {
        List<List<TensorSource>> shards = Divide(tensors, shardBytes);
        for (int shard = 0; shard < shards.Count; shard++)
        {
            using Stream stream = folder.Create(ShardName(stem, shard, shards.Count));
            Write(stream, shards[shard], requireFinite);
        }

        if (shards.Count > 1)
        {
            using Stream stream = folder.Create(IndexName(stem));
            WriteIndex(stream, stem, shards);
        }
    }

    /// <summary>Writes one file.</summary>
    public static void Write(Stream stream, IReadOnlyList<TensorSource> tensors, bool requireFinite)
    {
        // PyTorch's loaders in Python look for this mark.
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        foreach (TensorSource tensor in tensors)
        {
            if (tensor.Part is { } part)
            {
                metadata.Add(TensorPart.Key(tensor.Name), part.Format());
            }
        }

        SafetensorsWriter.Write(stream, tensors, metadata, requireFinite);
    }

    /// <summary>Opens the tensors of a folder; without any, <see cref="Tensors"/> is empty.</summary>
    /// <exception cref="InvalidDataException">A file is damaged, or index and shards disagree.</exception>
    public static TensorFiles Open(string folder, string stem)
    {
        var files = new TensorFiles(folder, stem);
        try
        {
            string index = Path.Combine(folder, IndexName(stem));
            string single = Path.Combine(folder, stem + ".safetensors");
            if (File.Exists(index))
            {
                files.OpenShards(index);
            }
            else if (File.Exists(single))
            {
                files.Add(single);
            }
            else
            {
                files.OpenRanks();
            }

            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public void ReadInto<T>(string name, NativeBuffer<T> destination, ReadOnlySpan<long> shape)
        where T : unmanaged
        => ReadInto(name, destination, shape, TensorTypes.Of<T>());

    public void ReadInto<T>(string name, NativeBuffer<T> destination, ReadOnlySpan<long> shape, TensorType type)
        where T : unmanaged
    {
        if (_parted.TryGetValue(name, out PartedTensor? parted))
        {
            Require(name, type, shape.ToArray());
            int rows = (int)Math.Max(1, (1 << 24) / parted.RowBytes);
            int rowElements = (int)(destination.Length / shape[0]);
            for (long row = 0; row < shape[0]; row += rows)
            {
                int count = (int)Math.Min(rows, shape[0] - row);
                parted.Read(row, MemoryMarshal.AsBytes(destination.Slice(row * rowElements, count * rowElements)));
            }

            return;
        }

        if (!_readerOf.TryGetValue(name, out SafetensorsReader? reader))
        {
            throw new InvalidDataException(
                $"{Path.Combine(_folder, _stem + ".safetensors")}: there is no tensor '{name}'; it holds {Names()}.");
        }

        reader.ReadInto(name, destination, shape, type);
    }

    /// <summary>Compares a tensor's type and shape with what is expected.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or it is another; the message names both.</exception>
    public void Require(string name, TensorType type, long[] shape)
    {
        if (!_tensors.TryGetValue(name, out TensorInfo? tensor))
        {
            throw new InvalidDataException(
                $"{Path.Combine(_folder, _stem + ".safetensors")}: there is no tensor '{name}'; it holds {Names()}.");
        }

        if (tensor.Type != type || !shape.SequenceEqual(tensor.Shape))
        {
            throw new InvalidDataException(
                $"{(_readerOf.TryGetValue(name, out SafetensorsReader? reader) ? reader.Path : _folder)}: tensor '{name}' is {tensor.Kind}, expected {TensorInfo.Describe(type, shape)}.");
        }
    }

    /// <summary>The file that holds a tensor, open at its first byte.</summary>
    public Stream OpenAt(string name)
    {
        if (_parted.TryGetValue(name, out PartedTensor? parted))
        {
            return parted.Open();
        }

        SafetensorsReader reader = _readerOf[name];
        FileStream stream = File.OpenRead(reader.Path);
        stream.Position = reader.FileOffset(_tensors[name]);
        return stream;
    }

    /// <summary>Reads whole rows of a tensor.</summary>
    /// <param name="name">Its name; it is known to be there.</param>
    /// <param name="firstRow">The first of them.</param>
    /// <param name="rows">Whole rows, out.</param>
    public void ReadRows(string name, long firstRow, Span<byte> rows)
    {
        if (_parted.TryGetValue(name, out PartedTensor? parted))
        {
            parted.Read(firstRow, rows);
            return;
        }

        TensorInfo tensor = _tensors[name];
        _readerOf[name].ReadAt(tensor, firstRow * (tensor.Bytes / tensor.Shape[0]), rows);
    }

    public void Dispose()
    {
        foreach (SafetensorsReader reader in _readers)
        {
            reader.Dispose();
        }
    }

    /// <summary>The name of a rank's file.</summary>
    /// <param name="stem">model or optimizer.</param>
    /// <param name="rank">The rank.</param>
    /// <param name="ranks">Ranks of the job.</param>
    public static string RankName(string stem, int rank, int ranks) =>
        string.Create(CultureInfo.InvariantCulture, $"{stem}.rank-{rank + 1:00000}-of-{ranks:00000}.safetensors");

    private static string IndexName(string stem) => stem + ".safetensors.index.json";

    private static string ShardName(string stem, int shard, int shards) => shards == 1
        ? stem + ".safetensors"
        : string.Create(CultureInfo.InvariantCulture, $"{stem}-{shard + 1:00000}-of-{shards:00000}.safetensors");

    private static List<List<TensorSource>> Divide(IReadOnlyList<TensorSource> tensors, long shardBytes)
    {
        List<List<TensorSource>> shards = [[]];
        long filled = 0;
        foreach (TensorSource tensor in tensors)
        {
            if (shards[^1].Count > 0 && tensor.Bytes > shardBytes - filled)
            {
                shards.Add([]);
                filled = 0;
            }

            shards[^1].Add(tensor);
            filled += tensor.Bytes;
        }

        return shards;
    }

    private static void WriteIndex(Stream stream, string stem, List<List<TensorSource>> shards)
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" });
        var names = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartObject();
        writer.WriteStartObject("metadata");
        writer.WriteNumber("total_size", shards.Sum(shard => shard.Sum(tensor => tensor.Bytes)));
        writer.WriteEndObject();
        writer.WriteStartObject("weight_map");
        for (int shard = 0; shard < shards.Count; shard++)
        {
            foreach (TensorSource tensor in shards[shard])
            {
                if (!names.Add(tensor.Name))
                {
                    throw new ArgumentException($"There are two tensors '{tensor.Name}'.", nameof(shards));
                }

                writer.WriteString(tensor.Name, ShardName(stem, shard, shards.Count));
            }
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void OpenShards(string index)
    {
        Dictionary<string, string> shardOf = ReadIndex(index);
        foreach (string shard in shardOf.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            string path = Path.Combine(_folder, shard);
            if (!Manifest.IsPlainName(shard) || !File.Exists(path))
            {
                throw new InvalidDataException($"{index} names the shard '{shard}', which is not in the folder.");
            }

            Add(path);
        }

        foreach ((string name, string shard) in shardOf)
        {
            if (!_readerOf.TryGetValue(name, out SafetensorsReader? reader) || Path.GetFileName(reader.Path) != shard)
            {
                throw new InvalidDataException($"{index} looks for tensor '{name}' in {shard}, which does not hold it.");
            }
        }

        foreach (string name in _tensors.Keys)
        {
            if (!shardOf.ContainsKey(name))
            {
                throw new InvalidDataException($"{_readerOf[name].Path} holds tensor '{name}', which {index} does not list.");
            }
        }
    }

    private void OpenRanks()
    {
        foreach (string path in Directory.EnumerateFiles(_folder, _stem + ".rank-*.safetensors").Order(StringComparer.Ordinal))
        {
            Add(path);
        }

        foreach ((string name, PartedTensor parted) in _parted)
        {
            parted.RequireWhole(_folder);
            if (!_tensors.TryAdd(name, parted.Info))
            {
                throw new InvalidDataException($"{_folder} holds tensor '{name}' both whole and in parts.");
            }
        }
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(index));
            var shardOf = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (JsonProperty entry in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                if (!shardOf.TryAdd(entry.Name, entry.Value.GetString() ?? ""))
                {
                    throw new InvalidDataException($"{index} lists tensor '{entry.Name}' twice.");
                }
            }

            return shardOf;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"{index} is damaged: {exception.Message}", exception);
        }
    }

    private void Add(string path)
    {
        var reader = SafetensorsReader.Open(path);
        _readers.Add(reader);
        foreach ((string name, TensorInfo tensor) in reader.Tensors)
        {
            if (reader.Metadata.TryGetValue(TensorPart.Key(name), out string? text))
            {
                TensorPart part = TensorPart.Parse(path, text);
                if (!_parted.TryGetValue(part.Whole, out PartedTensor? parted))
                {
                    _parted.Add(part.Whole, parted = new PartedTensor(part.Whole, tensor.Type));
                }

                parted.Add(part, reader, tensor);
                continue;
            }

            if (!_tensors.TryAdd(name, tensor))
            {
                throw new InvalidDataException($"{path} and {_readerOf[name].Path} both hold tensor '{name}'.");
            }

            _readerOf[name] = reader;
        }
    }

    private string Names()
    {
        const int Most = 8;
        string names = string.Join(", ", _tensors.Keys.Order(StringComparer.Ordinal).Take(Most));
        return _tensors.Count switch
        {
            0 => "none",
            > Most => $"{names} and {_tensors.Count - Most} more",
            _ => names,
        };
    }
}
