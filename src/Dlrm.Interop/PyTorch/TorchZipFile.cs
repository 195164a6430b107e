using System.IO.Compression;
using System.Text;
using Dlrm.Interop.Models;
using Dlrm.Interop.Pickle;

namespace Dlrm.Interop.PyTorch;

/// <summary>The format since PyTorch 1.6: a zip archive of a pickle and one entry for each storage.</summary>
/// <remarks>Nothing is unpacked to the disk; entries are read as streams, as far as their tensors reach.</remarks>
internal sealed class TorchZipFile : TorchFile
{
    /// <summary>An entry may unpack to this many times its packed size, and a little more.</summary>
    private const long LargestRatio = 100;

    private readonly FileStream _file;
    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);
    private readonly string _prefix;

    public TorchZipFile(string path)
        : base(path)
    {
        _file = File.OpenRead(path);
        try
        {
            _archive = new ZipArchive(_file, ZipArchiveMode.Read, leaveOpen: true);
            ListEntries();
            string[] pickles = [.. _entries.Keys.Where(name => name.Split('/') is [_, "data.pkl"])];
            if (pickles.Length != 1)
            {
                throw new RefusedFileException(
                    RefusalReason.NotThisFormat,
                    $"{path} is a zip archive, but no PyTorch file: it has {pickles.Length} entries NAME/data.pkl, expected one.");
            }

            _prefix = pickles[0][..^"data.pkl".Length];
            CheckKind();
            var factory = new TorchFactory(path);
            using (Stream stream = new BufferedStream(Entry("data.pkl").Open(), 1 << 16))
            {
                Root = PickleReader.Read(stream, path, factory);
            }

            foreach (TorchStorage storage in factory.Storages.Values)
            {
                CheckStorage(storage);
            }
        }
        catch (InvalidDataException exception)
        {
            Dispose(true);
            throw Damaged(path, exception);
        }
        catch
        {
            Dispose(true);
            throw;
        }
    }

    private static RefusedFileException Damaged(string path, InvalidDataException exception) => new(
        RefusalReason.Damaged,
        $"{path} is cut off or damaged ({exception.Message.TrimEnd('.')}): save or fetch it again.",
        exception);

    protected override Stream OpenStorage(TorchStorage storage, long start)
    {
        Stream stream;
        try
        {
            stream = Entry("data/" + storage.Key).Open();
        }
        catch (InvalidDataException exception)
        {
            throw Damaged(Path, exception);
        }

        SingleStream.Skip(stream, start, Path);
        return stream;
    }

    protected override void Dispose(bool disposing)
    {
        _archive?.Dispose();
        _file.Dispose();
    }

    private void ListEntries()
    {
        foreach (ZipArchiveEntry entry in _archive.Entries)
        {
            string name = entry.FullName;
            if (name.StartsWith('/') || name.Contains('\\', StringComparison.Ordinal) || name.Contains(':', StringComparison.Ordinal)
                || name.Split('/').Contains(".."))
            {
                throw new RefusedFileException(RefusalReason.PathTraversal, $"{Path}: the entry '{name}' leads out of the archive.");
            }

            if (entry.Length / LargestRatio > entry.CompressedLength + 4096)
            {
                throw new RefusedFileException(
                    RefusalReason.ZipBomb, $"{Path}: {entry.CompressedLength} bytes of '{name}' would unpack to {entry.Length}.");
            }

            if (!_entries.TryAdd(name, entry))
            {
                throw new RefusedFileException(RefusalReason.Damaged, $"{Path}: there are two entries '{name}'.");
            }
        }
    }

    private void CheckKind()
    {
        if (_entries.ContainsKey(_prefix + "constants.pkl"))
        {
            throw new RefusedFileException(
                RefusalReason.NotThisFormat, $"{Path} is a TorchScript archive, which is a program; save the state_dict with torch.save.");
        }

        if (_entries.TryGetValue(_prefix + "byteorder", out ZipArchiveEntry? order) && order.Length < 16)
        {
            using var reader = new StreamReader(order.Open(), Encoding.ASCII);
            string text = reader.ReadToEnd();
            if (text != "little")
            {
                throw new RefusedFileException(RefusalReason.NotThisFormat, $"{Path}: the byte order is '{text}', expected little.");
            }
        }
    }

    private void CheckStorage(TorchStorage storage)
    {
        long length = Entry("data/" + storage.Key).Length;
        if (length != storage.Bytes)
        {
            throw new RefusedFileException(
                RefusalReason.Damaged,
                $"{Path}: storage '{storage.Key}' of {storage.Elements} {storage.Type} takes {storage.Bytes} bytes, its entry has {length}.");
        }
    }

    private ZipArchiveEntry Entry(string name) => _entries.TryGetValue(_prefix + name, out ZipArchiveEntry? entry)
        ? entry
        : throw new RefusedFileException(RefusalReason.Damaged, $"{Path}: there is no entry '{_prefix}{name}'.");
}
