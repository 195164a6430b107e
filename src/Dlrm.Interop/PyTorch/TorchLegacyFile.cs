using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using Dlrm.Interop.Pickle;

namespace Dlrm.Interop.PyTorch;

/// <summary>
/// The format before PyTorch 1.6: five pickles (magic number, version, machine, what was saved, keys of storages), then
/// each storage as its number of elements and their bytes.
/// </summary>
internal sealed class TorchLegacyFile : TorchFile
{
    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private readonly FileStream _file;
    private readonly Dictionary<string, long> _starts = new(StringComparer.Ordinal);

    public TorchLegacyFile(string path)
        : base(path)
    {
        _file = File.OpenRead(path);
        try
        {
            var factory = new TorchFactory(path);
            object? magic = PickleReader.Read(_file, path, factory);
            object? version = PickleReader.Read(_file, path, factory);
            if (!Equals(magic, Magic) || !Equals(version, 1001L))
            {
                throw new RefusedFileException(RefusalReason.NotThisFormat, $"{path} is a pickle, but no PyTorch file: it has another magic number.");
            }

            if (PickleReader.Read(_file, path, factory) is not PickleDictionary machine || !Equals(machine["little_endian"], true))
            {
                throw new RefusedFileException(RefusalReason.NotThisFormat, $"{path}: the byte order is big-endian, expected little.");
            }

            Root = PickleReader.Read(_file, path, factory);
            FindStorages(PickleReader.Read(_file, path, factory), factory);
        }
        catch
        {
            Dispose(true);
            throw;
        }
    }

    protected override Stream OpenStorage(TorchStorage storage, long start)
    {
        FileStream stream = File.OpenRead(Path);
        stream.Position = _starts[storage.Key] + start;
        return stream;
    }

    protected override void Dispose(bool disposing) => _file.Dispose();

    private void FindStorages(object? keys, TorchFactory factory)
    {
        if (keys is not PickleList list)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{Path}: the keys of its storages are no list.");
        }

        foreach (object? key in list.Items)
        {
            long elements = 0;
            if (_file.ReadAtLeast(MemoryMarshal.AsBytes(new Span<long>(ref elements)), sizeof(long), throwOnEndOfStream: false) < sizeof(long))
            {
                throw new RefusedFileException(RefusalReason.Truncated, $"{Path} ends before its last storage.");
            }

            if (key is not string name || !factory.Storages.TryGetValue(name, out TorchStorage? storage) || storage.Elements != elements)
            {
                throw new RefusedFileException(
                    RefusalReason.Damaged, $"{Path}: storage '{key}' has {elements} elements, and no tensor that uses as many.");
            }

            if (storage.Bytes > _file.Length - _file.Position)
            {
                throw new RefusedFileException(RefusalReason.Truncated, $"{Path} ends before the end of storage '{name}'.");
            }

            _starts[name] = _file.Position;
            _file.Position += storage.Bytes;
        }

        if (factory.Storages.Keys.FirstOrDefault(name => !_starts.ContainsKey(name)) is { } missing)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{Path}: storage '{missing}' is missing.");
        }
    }
}
