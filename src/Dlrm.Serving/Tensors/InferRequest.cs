using System.Text.Json;

namespace Dlrm.Serving.Tensors;

/// <summary>An inference request of the Open Inference Protocol over HTTP: JSON, and bytes after it for binary tensors.</summary>
internal sealed class InferRequest
{
    private InferRequest()
    {
    }

    /// <summary>What the client calls the request; null for nothing.</summary>
    public string? Id { get; private set; }

    /// <summary>Whether the scores are wanted as bytes.</summary>
    public bool BinaryOutput { get; private set; }

    /// <summary>The inputs.</summary>
    public List<InputTensor> Inputs { get; } = [];

    /// <summary>Reads a request; elements of tensors are not yet looked at.</summary>
    /// <param name="body">The JSON, then the binary tensors.</param>
    /// <param name="headerLength">Bytes of the JSON; null for all.</param>
    /// <exception cref="RequestException">It is not a request; the message says what is wrong.</exception>
    /// <exception cref="JsonException">No JSON.</exception>
    public static InferRequest Read(ReadOnlyMemory<byte> body, int? headerLength)
    {
        if (headerLength > body.Length)
        {
            throw RequestException.Bad($"Inference-Header-Content-Length says {headerLength} bytes; the body has {body.Length}.");
        }

        var request = new InferRequest();
        ReadOnlyMemory<byte> json = body[..(headerLength ?? body.Length)];
        ReadOnlyMemory<byte> bytes = body[json.Length..];
        var reader = new Utf8JsonReader(json.Span);
        Expect(ref reader, JsonTokenType.StartObject, "a JSON object with 'inputs'");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                Expect(ref reader, JsonTokenType.String, "a text as 'id'");
                request.Id = reader.GetString();
            }
            else if (reader.ValueTextEquals("inputs"u8))
            {
                Expect(ref reader, JsonTokenType.StartArray, "an array as 'inputs'");
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    request.Inputs.Add(ReadInput(ref reader, json, ref bytes));
                }
            }
            else if (reader.ValueTextEquals("outputs"u8))
            {
                request.ReadOutputs(ref reader);
            }
            else if (reader.ValueTextEquals("parameters"u8))
            {
                request.BinaryOutput |= ReadFlag(ref reader, "binary_data_output"u8);
            }
            else
            {
                reader.Skip();
            }
        }

        if (reader.Read())
        {
            throw RequestException.Bad("Something follows the JSON object.");
        }

        if (bytes.Length > 0)
        {
            throw RequestException.Bad($"{bytes.Length} bytes follow the last tensor.");
        }

        return request.Inputs.Count > 0 ? request : throw RequestException.Bad("The request has no 'inputs'.");
    }

    private static InputTensor ReadInput(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json, ref ReadOnlyMemory<byte> bytes)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestException.Bad("Each of 'inputs' is a JSON object with name, datatype, shape and data.");
        }

        string? name = null;
        string? type = null;
        long[]? shape = null;
        long? binary = null;
        ReadOnlyMemory<byte>? data = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
            {
                Expect(ref reader, JsonTokenType.String, "a text as an input's 'name'");
                name = reader.GetString();
            }
            else if (reader.ValueTextEquals("datatype"u8))
            {
                Expect(ref reader, JsonTokenType.String, "a text as an input's 'datatype'");
                type = reader.GetString();
            }
            else if (reader.ValueTextEquals("shape"u8))
            {
                shape = ReadShape(ref reader);
            }
            else if (reader.ValueTextEquals("parameters"u8))
            {
                binary = ReadSize(ref reader) ?? binary;
            }
            else if (reader.ValueTextEquals("data"u8))
            {
                Expect(ref reader, JsonTokenType.StartArray, "an array as an input's 'data'");
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                data = json[start..(int)reader.BytesConsumed];
            }
            else
            {
                reader.Skip();
            }
        }

        if (name is null || type is null || shape is null || (data is null) == (binary is null))
        {
            throw RequestException.Bad(
                $"Input '{name}' needs name, datatype, shape, and either data or the parameter binary_data_size.");
        }

        if (binary is { } size)
        {
            if (size < 0 || size > bytes.Length)
            {
                throw RequestException.Bad($"Input '{name}' has binary_data_size {size}; {bytes.Length} bytes are left in the body.");
            }

            data = bytes[..(int)size];
            bytes = bytes[(int)size..];
        }

        return new InputTensor(name, type, shape, data!.Value, IsJson: binary is null);
    }

    private static long[] ReadShape(ref Utf8JsonReader reader)
    {
        const int MostDimensions = 8;
        Expect(ref reader, JsonTokenType.StartArray, "an array as an input's 'shape'");
        var shape = new List<long>(2);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long extent) || shape.Count == MostDimensions)
            {
                throw RequestException.Bad("A 'shape' is an array of whole numbers.");
            }

            shape.Add(extent);
        }

        return [.. shape];
    }

    private static long? ReadSize(ref Utf8JsonReader reader)
    {
        long? size = null;
        Expect(ref reader, JsonTokenType.StartObject, "an object as 'parameters'");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.ValueTextEquals("binary_data_size"u8))
            {
                reader.Skip();
                continue;
            }

            reader.Read();
            size = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long value)
                ? value
                : throw RequestException.Bad("'binary_data_size' is a whole number.");
        }

        return size;
    }

    private static bool ReadFlag(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        bool flag = false;
        Expect(ref reader, JsonTokenType.StartObject, "an object as 'parameters'");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool named = reader.ValueTextEquals(name);
            reader.Read();
            flag |= named && reader.TokenType == JsonTokenType.True;
            reader.Skip();
        }

        return flag;
    }

    private void ReadOutputs(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray, "an array as 'outputs'");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw RequestException.Bad("Each of 'outputs' is a JSON object with a name.");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("name"u8))
                {
                    Expect(ref reader, JsonTokenType.String, "a text as an output's 'name'");
                    RequireOutput(reader.GetString()!);
                }
                else if (reader.ValueTextEquals("parameters"u8))
                {
                    BinaryOutput |= ReadFlag(ref reader, "binary_data"u8);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    /// <summary>Refuses another output than the one there is.</summary>
    public static void RequireOutput(string name)
    {
        if (name != TensorNames.Score)
        {
            throw RequestException.Bad($"There is no output '{name}'; the model gives '{TensorNames.Score}'.");
        }
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string expected)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw RequestException.Bad($"Expected {expected}.");
        }
    }
}
