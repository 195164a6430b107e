using System.Text.Json;

namespace Dlrm.Checkpoints;

/// <summary>
/// The JSON head of a safetensors file: name → type, shape, byte range, and an optional map of texts.
/// </summary>
/// <remarks>
/// A file is: the length of the head (8 bytes, little-endian), the head, the tensors' bytes without gaps or overlaps.
/// The head is padded with spaces until tensors begin at a multiple of 64 bytes: rows of a mapped file then lie on cache lines.
/// Source: the format's own description, github.com/huggingface/safetensors.
/// </remarks>
internal sealed class SafetensorsHeader
{
    /// <summary>Longer heads are refused, as the format's own library does: they would be read into memory whole.</summary>
    public const int LongestHead = 100_000_000;

    private const string MetadataName = "__metadata__";

    private SafetensorsHeader(Dictionary<string, TensorInfo> tensors, Dictionary<string, string> metadata)
    {
        Tensors = tensors;
        Metadata = metadata;
    }

    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The head for tensors that follow one another in the order given.</summary>
    /// <exception cref="ArgumentException">Two tensors have one name, or one has a name that the format reserves.</exception>
    public static byte[] Format(IReadOnlyList<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            if (metadata is not null)
            {
                writer.WriteStartObject(MetadataName);
                foreach ((string name, string text) in metadata)
                {
                    writer.WriteString(name, text);
                }

                writer.WriteEndObject();
            }

            var names = new HashSet<string>(StringComparer.Ordinal) { MetadataName };
            long offset = 0;
            foreach (TensorSource tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                {
                    throw new ArgumentException($"A safetensors file can hold one tensor '{tensor.Name}' only.", nameof(tensors));
                }

                WriteTensor(writer, tensor, offset);
                offset = checked(offset + tensor.Bytes);
            }

            writer.WriteEndObject();
        }

        while ((sizeof(ulong) + json.Length) % 64 != 0)
        {
            json.WriteByte((byte)' ');
        }

        return json.ToArray();
    }

    /// <summary>Reads and checks a head.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="json">The head.</param>
    /// <param name="dataBytes">Bytes of the file after the head.</param>
    /// <exception cref="InvalidDataException">Anything is wrong; the message names file and tensor.</exception>
    public static SafetensorsHeader Parse(string file, ReadOnlyMemory<byte> json, long dataBytes)
    {
        if (json.Length == 0 || json.Span[0] != '{')
        {
            throw new InvalidDataException($"{file}: the header does not start with '{{': this is no safetensors file.");
        }

        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals(MetadataName))
                {
                    foreach (JsonProperty text in property.Value.EnumerateObject())
                    {
                        metadata[text.Name] = text.Value.GetString() ?? "";
                    }
                }
                else if (!tensors.TryAdd(property.Name, ReadTensor(file, property.Name, property.Value)))
                {
                    throw new InvalidDataException($"{file}: tensor '{property.Name}' occurs twice in the header.");
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{file}: the header is not the JSON it should be: {exception.Message}", exception);
        }

        CheckRanges(file, tensors.Values, dataBytes);
        return new SafetensorsHeader(tensors, metadata);
    }

    private static void WriteTensor(Utf8JsonWriter writer, TensorSource tensor, long offset)
    {
        writer.WriteStartObject(tensor.Name);
        writer.WriteString("dtype", tensor.Type.Name());
        writer.WriteStartArray("shape");
        foreach (long extent in tensor.Shape)
        {
            writer.WriteNumberValue(extent);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(offset);
        writer.WriteNumberValue(offset + tensor.Bytes);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static TensorInfo ReadTensor(string file, string name, JsonElement value)
    {
        string where = $"{file}: tensor '{name}'";
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("dtype", out JsonElement type)
            || !value.TryGetProperty("shape", out JsonElement shape)
            || !value.TryGetProperty("data_offsets", out JsonElement offsets))
        {
            throw new InvalidDataException($"{where}: expected dtype, shape and data_offsets, got {Short(value)}.");
        }

        if (type.ValueKind != JsonValueKind.String || !TensorTypes.TryParse(type.GetString()!, out TensorType known))
        {
            throw new InvalidDataException($"{where}: unknown dtype {Short(type)}; known are {TensorTypes.Known}.");
        }

        long[] extents = ReadNumbers(where, "shape", shape);
        long[] range = ReadNumbers(where, "data_offsets", offsets);
        if (range.Length != 2 || range[0] > range[1])
        {
            throw new InvalidDataException($"{where}: data_offsets {Short(offsets)} are not [begin, end] with begin ≤ end.");
        }

        long? bytes = TensorInfo.SizeOf(known, extents);
        if (bytes != range[1] - range[0])
        {
            throw new InvalidDataException(
                $"{where}: {TensorInfo.Describe(known, extents)} takes {bytes?.ToString() ?? "over 2^63"} bytes, "
                + $"but its data_offsets {Short(offsets)} span {range[1] - range[0]}.");
        }

        return new TensorInfo(name, known, extents, range[0], range[1] - range[0]);
    }

    private static long[] ReadNumbers(string where, string what, JsonElement array)
    {
        if (array.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidDataException($"{where}: {what} must be a list of whole numbers, got {Short(array)}.");
        }

        var numbers = new long[array.GetArrayLength()];
        int count = 0;
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out long number) || number < 0)
            {
                throw new InvalidDataException($"{where}: {what} holds {Short(element)}; expected a whole number from 0 up.");
            }

            numbers[count++] = number;
        }

        return numbers;
    }

    /// <summary>The format wants every byte to belong to exactly one tensor: no hole, no overlap, nothing outside.</summary>
    private static void CheckRanges(string file, IEnumerable<TensorInfo> tensors, long dataBytes)
    {
        long end = 0;
        string before = "the header";
        foreach (TensorInfo tensor in tensors.OrderBy(tensor => tensor.Offset).ThenBy(tensor => tensor.Bytes))
        {
            if (tensor.Offset != end)
            {
                throw new InvalidDataException(
                    $"{file}: tensor '{tensor.Name}' starts at byte {tensor.Offset} of the data, but {before} ends at {end}: "
                    + (tensor.Offset < end ? "they overlap." : "there is a hole."));
            }

            end = tensor.Offset + tensor.Bytes;
            before = $"'{tensor.Name}'";
            if (end > dataBytes)
            {
                throw new InvalidDataException(
                    $"{file}: tensor '{tensor.Name}' ends at byte {end} of the data, but there are only {dataBytes}: the file was cut off.");
            }
        }

        if (end != dataBytes)
        {
            throw new InvalidDataException($"{file}: {dataBytes - end} bytes follow the last tensor, {before}.");
        }
    }

    private static string Short(JsonElement element)
    {
        string text = element.GetRawText();
        return text.Length <= 80 ? text : text[..77] + "...";
    }
}
