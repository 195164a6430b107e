using System.Buffers.Binary;
using System.Text.Json;

namespace Dlrm.Serving.Tensors;

/// <summary>Reads the elements of a tensor one after another, from JSON or from bytes.</summary>
internal ref struct ElementCursor
{
    private readonly InputTensor _tensor;
    private readonly int _size;
    private readonly long _elements;
    private ReadOnlySpan<byte> _bytes;
    private Utf8JsonReader _json;
    private long _read;

    /// <summary>At the first element.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="integers">Whether whole numbers are expected, or numbers.</param>
    /// <exception cref="RequestException">Its type is another, or its bytes are not as many as its shape says.</exception>
    public ElementCursor(InputTensor tensor, bool integers)
    {
        _tensor = tensor;
        _elements = tensor.Elements;
        _size = (tensor.Type, integers) switch
        {
            ("FP32", false) or ("INT32", true) => 4,
            ("FP64", false) or ("INT64", true) => 8,
            _ => throw RequestException.Bad(
                $"Tensor '{tensor.Name}' is {tensor.Type}; expected {(integers ? "INT64 or INT32" : "FP32 or FP64")}."),
        };
        if (tensor.IsJson && _elements > tensor.Data.Length)
        {
            // Known before anything is allocated for them.
            throw RequestException.Bad(
                $"Tensor '{tensor.Name}' has fewer elements than its shape [{string.Join(", ", tensor.Shape)}] says.");
        }

        if (tensor.IsJson)
        {
            _json = new Utf8JsonReader(tensor.Data.Span);
        }
        else if (tensor.Data.Length != _elements * _size)
        {
            throw RequestException.Bad(
                $"Tensor '{tensor.Name}', {tensor.Type} [{string.Join(", ", tensor.Shape)}], takes {_elements * _size} bytes; {tensor.Data.Length} were sent.");
        }
        else
        {
            _bytes = tensor.Data.Span;
        }
    }

    /// <summary>The next element.</summary>
    /// <exception cref="RequestException">There is none, or it is no finite number.</exception>
    public float NextFloat()
    {
        float value;
        if (_tensor.IsJson)
        {
            NextNumber();
            if (!_json.TryGetSingle(out value))
            {
                throw Bad("is no number");
            }
        }
        else
        {
            ReadOnlySpan<byte> element = NextBytes();
            value = _size == sizeof(float)
                ? BinaryPrimitives.ReadSingleLittleEndian(element)
                : (float)BinaryPrimitives.ReadDoubleLittleEndian(element);
        }

        return float.IsFinite(value) ? value : throw Bad("is not a finite number in single precision");
    }

    /// <summary>The next element.</summary>
    /// <exception cref="RequestException">There is none, or it is no whole number.</exception>
    public long NextInteger()
    {
        if (_tensor.IsJson)
        {
            NextNumber();
            return _json.TryGetInt64(out long value) ? value : throw Bad("is no whole number");
        }

        ReadOnlySpan<byte> element = NextBytes();
        return _size == sizeof(int)
            ? BinaryPrimitives.ReadInt32LittleEndian(element)
            : BinaryPrimitives.ReadInt64LittleEndian(element);
    }

    /// <summary>Refuses elements beyond the shape.</summary>
    public void End()
    {
        while (_tensor.IsJson && _json.Read())
        {
            if (_json.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndArray))
            {
                throw RequestException.Bad($"Tensor '{_tensor.Name}' has more elements than its shape [{string.Join(", ", _tensor.Shape)}] says.");
            }
        }
    }

    private ReadOnlySpan<byte> NextBytes()
    {
        ReadOnlySpan<byte> element = _bytes[.._size];
        _bytes = _bytes[_size..];
        _read++;
        return element;
    }

    private void NextNumber()
    {
        while (_json.Read())
        {
            switch (_json.TokenType)
            {
                case JsonTokenType.Number:
                    _read++;
                    return;
                case JsonTokenType.StartArray or JsonTokenType.EndArray:
                    break;
                default:
                    _read++;
                    throw Bad("is no number");
            }
        }

        throw RequestException.Bad(
            $"Tensor '{_tensor.Name}' has {_read} elements; its shape [{string.Join(", ", _tensor.Shape)}] says {_elements}.");
    }

    private readonly RequestException Bad(string what) =>
        RequestException.Bad($"Tensor '{_tensor.Name}': element {_read - 1} {what}.");
}
