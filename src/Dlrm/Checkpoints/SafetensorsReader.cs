using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dlrm.Memory;
using Microsoft.Win32.SafeHandles;

namespace Dlrm.Checkpoints;

/// <summary>Reads one safetensors file. Opening checks the whole header against the file; nothing in it is trusted.</summary>
public sealed class SafetensorsReader : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly long _dataStart;

    private SafetensorsReader(string path, SafeFileHandle file, SafetensorsHeader header, long dataStart)
    {
        Path = path;
        Tensors = header.Tensors;
        Metadata = header.Metadata;
        _file = file;
        _dataStart = dataStart;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Every tensor by name.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>The texts in the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <exception cref="InvalidDataException">It is none, or it is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SafetensorsReader Open(string path)
    {
        SafeFileHandle file = File.OpenHandle(path);
        try
        {
            long size = RandomAccess.GetLength(file);
            Span<byte> prefix = stackalloc byte[sizeof(ulong)];
            if (size < prefix.Length || RandomAccess.Read(file, prefix, 0) < prefix.Length)
            {
                throw new InvalidDataException($"{path}: {size} bytes are too few for a safetensors file.");
            }

            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (length > SafetensorsHeader.LongestHead || (long)length > size - prefix.Length)
            {
                throw new InvalidDataException(
                    $"{path}: the header is said to take {length} bytes, but the file has {size - prefix.Length} after that number "
                    + $"(and {SafetensorsHeader.LongestHead} is the most allowed): damaged, or no safetensors file.");
            }

            byte[] head = new byte[length];
            ReadExactly(file, head, prefix.Length, path);
            long dataStart = prefix.Length + head.Length;
            return new SafetensorsReader(path, file, SafetensorsHeader.Parse(path, head, size - dataStart), dataStart);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a tensor into a buffer, without a copy in between.</summary>
    /// <typeparam name="T">The C# type of its elements.</typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">As many elements as the shape has.</param>
    /// <param name="shape">The shape it must have.</param>
    /// <exception cref="InvalidDataException">There is no such tensor, or it has another type or shape.</exception>
    /// <exception cref="ArgumentException">The buffer has another number of elements than the shape.</exception>
    public void ReadInto<T>(string name, NativeBuffer<T> destination, ReadOnlySpan<long> shape)
        where T : unmanaged
        => ReadInto(name, destination, shape, TensorTypes.Of<T>());

    /// <summary>The same for a buffer that holds elements of another type as bytes.</summary>
    /// <typeparam name="T">What the buffer consists of.</typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">As many bytes as the tensor has.</param>
    /// <param name="shape">The shape it must have.</param>
    /// <param name="type">The type it must have.</param>
    internal void ReadInto<T>(string name, NativeBuffer<T> destination, ReadOnlySpan<long> shape, TensorType type)
        where T : unmanaged
    {
        if (!Tensors.TryGetValue(name, out TensorInfo? tensor))
        {
            throw new InvalidDataException($"{Path}: there is no tensor '{name}'; it holds {Tensors.Count} others.");
        }

        if (tensor.Type != type || !shape.SequenceEqual(tensor.Shape.ToArray()))
        {
            throw new InvalidDataException(
                $"{Path}: tensor '{name}' is {tensor.Kind}, expected {TensorInfo.Describe(type, shape.ToArray())}.");
        }

        if (destination.Bytes != tensor.Bytes)
        {
            throw new ArgumentException(
                $"Tensor '{name}', {tensor.Kind}, does not fit a buffer of {destination.Length} elements.", nameof(destination));
        }

        const int Piece = 4 << 20;
        for (long start = 0; start < destination.Length; start += Piece)
        {
            int length = (int)Math.Min(Piece, destination.Length - start);
            long at = _dataStart + tensor.Offset + (start * Unsafe.SizeOf<T>());
            ReadExactly(_file, MemoryMarshal.AsBytes(destination.Slice(start, length)), at, Path);
        }
    }

    /// <summary>Reads some of a tensor's bytes.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="offset">The first of them, from the tensor's beginning.</param>
    /// <param name="destination">Out.</param>
    internal void ReadAt(TensorInfo tensor, long offset, Span<byte> destination) =>
        ReadExactly(_file, destination, _dataStart + tensor.Offset + offset, Path);

    /// <summary>Where a tensor's bytes begin in the file.</summary>
    internal long FileOffset(TensorInfo tensor) => _dataStart + tensor.Offset;

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static void ReadExactly(SafeFileHandle file, Span<byte> destination, long offset, string path)
    {
        while (destination.Length > 0)
        {
            int read = RandomAccess.Read(file, destination, offset);
            if (read == 0)
            {
                throw new InvalidDataException($"{path}: the file ends at byte {offset}, though {destination.Length} more belong to it.");
            }

            destination = destination[read..];
            offset += read;
        }
    }
}
