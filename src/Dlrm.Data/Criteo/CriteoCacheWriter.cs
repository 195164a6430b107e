using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Dlrm.Data.Criteo;

/// <summary>
/// Writes a cache file block by block under another name; <see cref="Commit"/> checks what was written and gives it its
/// name, so that a file of that name is always a whole one.
/// </summary>
internal sealed class CriteoCacheWriter : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly XxHash3 _hash = new();
    private bool _committed;

    /// <summary>Begins a file.</summary>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written to.</exception>
    public CriteoCacheWriter(string path)
    {
        _path = path;
        _temporary = $"{path}.tmp-{Environment.ProcessId}-{Guid.NewGuid():N}";
        _file = new FileStream(_temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16);
        _file.Write(new byte[CriteoCacheFile.HeaderLength]);
    }

    /// <summary>Adds R rows.</summary>
    /// <param name="labels">(R).</param>
    /// <param name="dense">(R, 13).</param>
    /// <param name="indices">(R, 26).</param>
    public void Append(ReadOnlySpan<byte> labels, ReadOnlySpan<int> dense, ReadOnlySpan<int> indices)
    {
        if (!labels.IsEmpty)
        {
            WriteNumber(labels.Length);
            Write(labels);
            Write(MemoryMarshal.AsBytes(dense));
            Write(MemoryMarshal.AsBytes(indices));
        }
    }

    /// <summary>Adds the rest, flushes it to the disk, reads all of it back, and renames the file.</summary>
    /// <exception cref="IOException">What was read back is not what was written, or the disk is full.</exception>
    public void Commit(CriteoCacheMetadata metadata, IEnumerable<uint[]> vocabularies)
    {
        WriteNumber(0);
        foreach (uint[] hashes in vocabularies)
        {
            Write(MemoryMarshal.AsBytes<uint>(hashes));
        }

        long contentLength = _file.Position - CriteoCacheFile.HeaderLength;
        using var metadataBytes = new MemoryStream();
        using (var writer = new BinaryWriter(metadataBytes))
        {
            metadata.Write(writer);
        }

        byte[] last = metadataBytes.ToArray();
        ulong contentHash = _hash.GetCurrentHashAsUInt64();
        _file.Write(last);
        _file.Position = 0;
        _file.Write(CriteoCacheFile.MakeHeader(contentLength, last.Length, contentHash, XxHash3.HashToUInt64(last)));
        _file.Flush(flushToDisk: true);
        Verify(contentLength, contentHash);
        _file.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        _committed = true;
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (!_committed)
        {
            File.Delete(_temporary);
        }
    }

    private void Verify(long contentLength, ulong contentHash)
    {
        _file.Position = CriteoCacheFile.HeaderLength;
        var hash = new XxHash3();
        var buffer = new byte[1 << 18];
        for (long rest = contentLength; rest > 0;)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(rest, buffer.Length));
            _file.ReadExactly(part);
            hash.Append(part);
            rest -= part.Length;
        }

        if (hash.GetCurrentHashAsUInt64() != contentHash)
        {
            throw new IOException($"{_temporary} does not read back as it was written.");
        }
    }

    private void WriteNumber(int number) => Write(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in number)));

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _hash.Append(bytes);
        _file.Write(bytes);
    }
}
