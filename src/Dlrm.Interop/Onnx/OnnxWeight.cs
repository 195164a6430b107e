using System.Globalization;
using System.Runtime.InteropServices;
using Dlrm.Checkpoints;
using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>An initializer: its elements inside the model file or in a file beside it, read as far as they are needed.</summary>
internal sealed class OnnxWeight
{
    private readonly TensorProto _tensor;
    private readonly string? _file;
    private readonly long _offset;

    /// <summary>Looks at an initializer.</summary>
    /// <param name="tensor">The initializer.</param>
    /// <param name="path">The model file, for messages and for the folder of the file beside it.</param>
    /// <param name="dataPath">The file beside it, where it has not its name yet; else null.</param>
    /// <exception cref="RefusedFileException">Its parts contradict one another, or it names a file elsewhere.</exception>
    public OnnxWeight(TensorProto tensor, string path, string? dataPath = null)
    {
        _tensor = tensor;
        Shape = [.. tensor.Dims];
        var elements = Int128.One;
        foreach (long extent in Shape)
        {
            elements = extent < 0 || elements > long.MaxValue / 8 ? -1 : elements * extent;
        }

        string source = $"{path}, initializer '{tensor.Name}'";
        if (elements < 0 || elements > long.MaxValue / 8)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{source} has no proper shape.");
        }

        Elements = (long)elements;
        if (tensor.DataLocation == TensorProto.Types.DataLocation.External)
        {
            (_file, _offset) = External(source, path, dataPath);
        }
        else if (tensor.RawData.Length > 0 && tensor.RawData.Length != Bytes)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{source} has {tensor.RawData.Length} bytes, expected {Bytes}.");
        }
        else if (tensor.RawData.Length == 0 && Elements != (IsFloat ? tensor.FloatData.Count : IsDouble ? tensor.DoubleData.Count : Size == 0 ? tensor.Int64Data.Count : 0))
        {
            throw new RefusedFileException(RefusalReason.Truncated, $"{source} has not the {Elements} elements of its shape.");
        }
    }

    public IReadOnlyList<long> Shape { get; }

    public long Elements { get; }

    public bool IsFloat => _tensor.DataType == (int)TensorProto.Types.DataType.Float;

    /// <summary>Bytes of an element that can be read as a float; 0 for whole numbers of 64 bits.</summary>
    public int Size => _tensor.DataType switch
    {
        (int)TensorProto.Types.DataType.Float => sizeof(float),
        (int)TensorProto.Types.DataType.Float16 or (int)TensorProto.Types.DataType.Bfloat16 => sizeof(ushort),
        (int)TensorProto.Types.DataType.Uint8 => 1,
        _ => 0,
    };

    /// <summary>What its elements are, where they are floating-point numbers.</summary>
    public TensorType Type => _tensor.DataType switch
    {
        (int)TensorProto.Types.DataType.Float16 => TensorType.F16,
        (int)TensorProto.Types.DataType.Bfloat16 => TensorType.BF16,
        _ => TensorType.F32,
    };

    private bool IsDouble => _tensor.DataType == (int)TensorProto.Types.DataType.Double;

    private bool IsInt32 => _tensor.DataType == (int)TensorProto.Types.DataType.Int32;

    private long Bytes => Elements * (IsInt32 ? sizeof(int) : Size == 0 ? sizeof(long) : Size);

    /// <summary>All elements as a stream, little-endian.</summary>
    public Stream Open()
    {
        if (_file is not null)
        {
            FileStream stream = File.OpenRead(_file);
            stream.Position = _offset;
            return stream;
        }

        return _tensor.RawData.Length > 0
            ? new MemoryStream(MemoryMarshal.TryGetArray(_tensor.RawData.Memory, out ArraySegment<byte> segment) ? segment.Array! : _tensor.RawData.ToByteArray(), segment.Offset, _tensor.RawData.Length, writable: false)
            : new MemoryStream(MemoryMarshal.AsBytes(_tensor.FloatData.ToArray().AsSpan()).ToArray(), writable: false);
    }

    /// <summary>Reads some of the elements, converted.</summary>
    public void Read(long start, Span<float> values)
    {
        if (!IsFloat)
        {
            ReadConverted(start, values);
        }
        else if (_file is not null)
        {
            ReadBytes(start * sizeof(float), MemoryMarshal.AsBytes(values));
        }
        else if (_tensor.RawData.Length > 0)
        {
            MemoryMarshal.Cast<byte, float>(_tensor.RawData.Span).Slice((int)start, values.Length).CopyTo(values);
        }
        else
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = _tensor.FloatData[(int)start + i];
            }
        }
    }

    private void ReadConverted(long start, Span<float> values)
    {
        byte[] bytes = new byte[values.Length * Size];
        ReadBytes(start * Size, bytes);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = _tensor.DataType switch
            {
                (int)TensorProto.Types.DataType.Uint8 => bytes[i],
                (int)TensorProto.Types.DataType.Float16 => (float)MemoryMarshal.Cast<byte, Half>(bytes)[i],
                _ => BitConverter.Int32BitsToSingle(MemoryMarshal.Cast<byte, ushort>(bytes)[i] << 16),
            };
        }
    }

    private void ReadBytes(long start, Span<byte> bytes)
    {
        if (_file is null)
        {
            _tensor.RawData.Span.Slice((int)start, bytes.Length).CopyTo(bytes);
            return;
        }

        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(_file);
        for (long at = _offset + start; bytes.Length > 0;)
        {
            int read = RandomAccess.Read(file, bytes, at);
            if (read == 0)
            {
                throw new RefusedFileException(RefusalReason.Truncated, $"{_file} ends too early.");
            }

            bytes = bytes[read..];
            at += read;
        }
    }

    /// <summary>The whole as a value.</summary>
    public OnnxValue ToValue()
    {
        int[] shape = [.. Shape.Select(extent => checked((int)extent))];
        if (IsDouble && _tensor.RawData.Length == 0)
        {
            return new OnnxValue(shape, [.. _tensor.DoubleData]);
        }

        if (IsInt32)
        {
            byte[] bytes = new byte[Bytes];
            ReadBytes(0, bytes);
            return new OnnxValue(shape, Array.ConvertAll(MemoryMarshal.Cast<byte, int>(bytes).ToArray(), value => (long)value));
        }

        if (Size == 0)
        {
            return new OnnxValue(
                shape,
                _tensor.RawData.Length > 0 ? MemoryMarshal.Cast<byte, long>(_tensor.RawData.Span).ToArray() : [.. _tensor.Int64Data]);
        }

        float[] values = new float[Elements];
        Read(0, values);
        return new OnnxValue(shape, values);
    }

    private (string File, long Offset) External(string source, string path, string? dataPath)
    {
        var entries = _tensor.ExternalData.ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
        string location = entries.GetValueOrDefault("location") ?? "";
        if (location.Length == 0 || location is "." or ".." || location.AsSpan().ContainsAny('/', '\\', ':'))
        {
            throw new RefusedFileException(RefusalReason.PathTraversal, $"{source} lies in '{location}', expected a file beside the model.");
        }

        string file = dataPath ?? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, location);
        long offset = long.TryParse(entries.GetValueOrDefault("offset", "0"), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : -1;
        if (!File.Exists(file) || offset < 0 || offset > new FileInfo(file).Length - Bytes)
        {
            throw new RefusedFileException(RefusalReason.Truncated, $"{source}: {file} has not the {Bytes} bytes from {offset} on.");
        }

        return (file, offset);
    }
}
