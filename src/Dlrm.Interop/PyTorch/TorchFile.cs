using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dlrm.Checkpoints;
using Dlrm.Interop.Models;

namespace Dlrm.Interop.PyTorch;

/// <summary>A file that torch.save wrote, opened: what it holds, and its tensors' elements when they are asked for.</summary>
internal abstract class TorchFile : IDisposable
{
    /// <summary>Elements of a tensor that is not stored row by row: it is put in order in memory.</summary>
    private const long LargestView = 1L << 26;

    private protected TorchFile(string path)
    {
        Path = path;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What was saved.</summary>
    public object? Root { get; private protected init; }

    /// <summary>Opens a file of either format.</summary>
    /// <param name="path">A file.</param>
    /// <exception cref="RefusedFileException">It is none, damaged, or holds something else than data.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TorchFile Open(string path)
    {
        Span<byte> head = stackalloc byte[262];
        using (FileStream file = File.OpenRead(path))
        {
            head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        }

        return head switch
        {
            [(byte)'P', (byte)'K', ..] => new TorchZipFile(path),
            [0x80, ..] => new TorchLegacyFile(path),
            [.., (byte)'u', (byte)'s', (byte)'t', (byte)'a', (byte)'r'] => throw new RefusedFileException(
                RefusalReason.NotThisFormat, $"{path} is a tar file of PyTorch before 0.1.10: load and save it with a later PyTorch."),
            _ => throw new RefusedFileException(
                RefusalReason.NotThisFormat, $"{path} is no PyTorch file: it begins neither as a zip archive nor as a pickle."),
        };
    }

    /// <summary>A tensor's elements as single precision, row-major.</summary>
    /// <exception cref="RefusedFileException">They are no floats, or the file ends too early.</exception>
    public Stream OpenTensor(TorchTensor tensor, string name)
    {
        string source = $"{Path}, tensor '{name}'";
        if (!tensor.IsContiguous)
        {
            return Gather(tensor, source);
        }

        Stream stream = OpenStorage(tensor.Storage, tensor.Offset * tensor.Storage.Type.Size());
        return new SingleStream(stream, tensor.Storage.Type, tensor.Elements, source);
    }

    /// <summary>The only element of a tensor, or null when it has another number of them.</summary>
    public double? ReadScalar(TorchTensor tensor)
    {
        if (tensor.Elements != 1)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[sizeof(double)];
        bytes = bytes[..tensor.Storage.Type.Size()];
        using Stream stream = OpenStorage(tensor.Storage, tensor.Offset * bytes.Length);
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw new RefusedFileException(RefusalReason.Truncated, $"{Path}: the data end too early.");
        }

        return tensor.Storage.Type switch
        {
            TensorType.F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
            TensorType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            TensorType.I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            TensorType.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            _ => null,
        };
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A storage's bytes from <paramref name="start"/> on.</summary>
    protected abstract Stream OpenStorage(TorchStorage storage, long start);

    /// <summary>Closes the file.</summary>
    protected abstract void Dispose(bool disposing);

    private MemoryStream Gather(TorchTensor tensor, string source)
    {
        if (tensor.Storage.Elements > LargestView || tensor.Elements > LargestView)
        {
            throw new RefusedFileException(
                RefusalReason.TooLarge, $"{source} is not stored row by row, and too large to be put in order: save it .contiguous().");
        }

        byte[] all = new byte[tensor.Storage.Elements * sizeof(float)];
        using (var stream = new SingleStream(OpenStorage(tensor.Storage, 0), tensor.Storage.Type, tensor.Storage.Elements, source))
        {
            stream.ReadExactly(all);
        }

        ReadOnlySpan<float> from = MemoryMarshal.Cast<byte, float>(all);
        float[] to = new float[tensor.Elements];
        long[] index = new long[tensor.Shape.Count];
        for (int i = 0; i < to.Length; i++)
        {
            long at = tensor.Offset;
            for (int axis = 0; axis < index.Length; axis++)
            {
                at += index[axis] * tensor.Strides[axis];
            }

            to[i] = from[(int)at];
            for (int axis = index.Length - 1; axis >= 0 && ++index[axis] == tensor.Shape[axis]; axis--)
            {
                index[axis] = 0;
            }
        }

        return new MemoryStream(MemoryMarshal.AsBytes(to.AsSpan()).ToArray(), writable: false);
    }
}
