using System.IO.Compression;
using System.Runtime.InteropServices;
using Dlrm.Checkpoints;
using Dlrm.Interop.Pickle;

namespace Dlrm.Interop.PyTorch;

/// <summary>Writes the zip format of torch.save, each tensor straight from where it is.</summary>
/// <remarks>
/// The pickle keeps to what PyTorch's weights-only loader takes, that of 1.13 included: it knows no floats, so a number
/// with a fraction is written as a tensor of one double, which Python uses as a number.
/// </remarks>
internal sealed class TorchWriter
{
    private readonly List<Action<Stream>> _storages = [];

    private TorchWriter()
    {
    }

    /// <summary>Writes an archive.</summary>
    /// <param name="stream">Seekable, so that sizes can be filled in.</param>
    /// <param name="root">
    /// Pickle values, and among them <see cref="TensorSource"/> for tensors; doubles become tensors of one element.
    /// </param>
    public static void Write(Stream stream, PickleDictionary root)
    {
        var writer = new TorchWriter();
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        using (var pickle = new MemoryStream())
        {
            new PickleWriter(pickle).Write(root, writer.WriteOther);
            pickle.Position = 0;
            using Stream entry = Create(archive, "data.pkl");
            pickle.CopyTo(entry);
        }

        for (int number = 0; number < writer._storages.Count; number++)
        {
            using Stream entry = Create(archive, $"data/{number}");
            writer._storages[number](entry);
        }

        using Stream version = Create(archive, "version");
        version.Write("3\n"u8);
    }

    private static Stream Create(ZipArchive archive, string name)
    {
        ZipArchiveEntry entry = archive.CreateEntry("archive/" + name, CompressionLevel.NoCompression);
        entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero); // The same model, the same bytes.
        return entry.Open();
    }

    private void WriteOther(PickleWriter writer, object value)
    {
        switch (value)
        {
            case TensorSource tensor:
                string storage = tensor.Type switch
                {
                    TensorType.F32 => "FloatStorage",
                    TensorType.I64 => "LongStorage",
                    _ => throw new NotSupportedException($"PyTorch files are written with tensors of F32 and I64, not {tensor.Type}."),
                };
                WriteTensor(writer, storage, tensor.Bytes / tensor.Type.Size(), tensor.Shape, stream => tensor.WriteTo(stream, requireFinite: false));
                break;
            case TorchNumber { Value: var number }:
                WriteTensor(writer, "DoubleStorage", 1, [], stream => stream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<double>(in number))));
                break;
            case TorchStep { Value: var step }:
                WriteTensor(writer, "FloatStorage", 1, [], stream => stream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in step))));
                break;
            default:
                throw new NotSupportedException($"A {value.GetType().Name} cannot be written to a PyTorch file.");
        }
    }

    /// <summary><c>_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())</c>.</summary>
    private void WriteTensor(PickleWriter writer, string storage, long elements, IReadOnlyList<long> shape, Action<Stream> write)
    {
        writer.Global("torch._utils", "_rebuild_tensor_v2");
        writer.Put(PickleOpcode.Mark);
        writer.Put(PickleOpcode.Mark);
        writer.Text("storage");
        writer.Global("torch", storage);
        writer.Text(_storages.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        writer.Text("cpu");
        writer.Integer(elements);
        writer.Put(PickleOpcode.Tuple);
        writer.Put(PickleOpcode.BinPersistentId);
        writer.Integer(0);
        writer.Integers(shape);
        writer.Integers(Strides(shape));
        writer.Put(PickleOpcode.NewFalse);
        writer.Global("collections", "OrderedDict");
        writer.Put(PickleOpcode.EmptyTuple);
        writer.Put(PickleOpcode.Reduce);
        writer.Put(PickleOpcode.Tuple);
        writer.Put(PickleOpcode.Reduce);
        _storages.Add(write);
    }

    private static long[] Strides(IReadOnlyList<long> shape)
    {
        long[] strides = new long[shape.Count];
        long stride = 1;
        for (int i = shape.Count - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= Math.Max(shape[i], 1);
        }

        return strides;
    }
}

/// <summary>A number with a fraction, to be written as a tensor of one double.</summary>
internal sealed record TorchNumber(double Value);

/// <summary>A count of steps, to be written as PyTorch's optimizers keep it: a tensor of one float.</summary>
internal sealed record TorchStep(float Value);
