using System.IO.Hashing;
using System.Runtime.InteropServices;
using Dlrm.Data.Lines;

namespace Dlrm.Data.Criteo;

/// <summary>Reads a cache file; nothing of it is used before its checksum was found right.</summary>
internal sealed class CriteoCacheReader : IDisposable
{
    private readonly FileStream _file;
    private readonly long _contentLength;
    private readonly ulong _contentHash;
    private readonly XxHash3 _hash = new();
    private long _contentRead;

    /// <summary>Opens a file and reads what it was made from.</summary>
    /// <exception cref="InvalidDataException">It is damaged or of another version; the message says how.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public CriteoCacheReader(string path)
    {
        _file = TextSource.OpenSequential(path);
        try
        {
            var header = new byte[CriteoCacheFile.HeaderLength];
            int length = _file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            (_contentLength, int metadataLength, _contentHash, ulong metadataHash) =
                CriteoCacheFile.ReadHeader(header.AsSpan(0, length), _file.Length);
            var metadata = new byte[metadataLength];
            _file.Position = CriteoCacheFile.HeaderLength + _contentLength;
            _file.ReadExactly(metadata);
            if (XxHash3.HashToUInt64(metadata) != metadataHash)
            {
                throw new InvalidDataException("the checksum of its metadata does not fit");
            }

            using var reader = new BinaryReader(new MemoryStream(metadata));
            Metadata = CriteoCacheMetadata.Read(reader);
            _file.Position = CriteoCacheFile.HeaderLength;
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>What the file was made from.</summary>
    public CriteoCacheMetadata Metadata { get; }

    /// <summary>Reads the rows and the vocabularies.</summary>
    /// <exception cref="InvalidDataException">The content is damaged; what was read so far is to be thrown away.</exception>
    public (TabularDataSet Rows, uint[][] Vocabularies) Read(
        CriteoKaggleOptions options, Action<long, int>? progress, CancellationToken cancellation)
    {
        using var builder = new TabularDataSetBuilder(CriteoColumns.Dense, options.Tables);
        var labels = new byte[CriteoCacheFile.LargestBlock];
        var dense = new int[CriteoCacheFile.LargestBlock * CriteoColumns.Dense];
        var indices = new int[CriteoCacheFile.LargestBlock * CriteoColumns.Categorical];
        Span<int> number = stackalloc int[1];
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadBytes(MemoryMarshal.AsBytes(number));
            int rows = number[0];
            if (rows == 0)
            {
                break;
            }

            if (rows < 0 || rows > CriteoCacheFile.LargestBlock)
            {
                throw new InvalidDataException("the size of a block is impossible");
            }

            ReadBytes(labels.AsSpan(0, rows));
            ReadBytes(MemoryMarshal.AsBytes(dense.AsSpan(0, rows * CriteoColumns.Dense)));
            ReadBytes(MemoryMarshal.AsBytes(indices.AsSpan(0, rows * CriteoColumns.Categorical)));
            CriteoRowWriter.Write(builder, builder.Reserve(rows), labels.AsSpan(0, rows), dense, indices);
            progress?.Invoke(_contentRead, builder.Rows);
        }

        var vocabularies = new uint[CriteoColumns.Categorical][];
        for (int column = 0; column < vocabularies.Length; column++)
        {
            vocabularies[column] = new uint[Metadata.Counts[column]];
            ReadBytes(MemoryMarshal.AsBytes(vocabularies[column].AsSpan()));
        }

        if (_contentRead != _contentLength || _hash.GetCurrentHashAsUInt64() != _contentHash
            || builder.Rows != Metadata.RowsKept)
        {
            throw new InvalidDataException("the checksum of its content does not fit");
        }

        return (builder.Build(CriteoKaggle.TableRows(Metadata.Counts, options)), vocabularies);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private void ReadBytes(Span<byte> bytes)
    {
        if (bytes.Length > _contentLength - _contentRead)
        {
            throw new InvalidDataException("its content ends too early");
        }

        _file.ReadExactly(bytes);
        _hash.Append(bytes);
        _contentRead += bytes.Length;
    }
}
