using System.Buffers.Binary;
using System.IO.Hashing;

namespace Dlrm.Data.Criteo;

/// <summary>The layout of a cache file, little-endian.</summary>
/// <remarks>
/// <code>
/// header    64 bytes: "DLRMKAGL", format version (4), 0 (4), length of the content (8), length of the metadata (8),
///           XxHash3 of the content (8), XxHash3 of the metadata (8), 0 (8), XxHash3 of the 56 bytes before (8)
/// content   blocks: rows R (4), labels (R bytes), numbers (R, 13) int32 (missing: −2³¹), indices (R, 26) int32; a block of 0 rows ends them
///           then for each of the 26 columns its hashes, uint32, in the order of their indices
/// metadata  <see cref="CriteoCacheMetadata.Write"/>
/// </code>
/// </remarks>
internal static class CriteoCacheFile
{
    /// <summary>Raised when the layout changes; other versions are made anew.</summary>
    public const int Version = 2;

    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 64;

    /// <summary>The most rows a block can have.</summary>
    public const int LargestBlock = CriteoRowBlock.Capacity;

    private static ReadOnlySpan<byte> Magic => "DLRMKAGL"u8;

    /// <summary>Writes the header.</summary>
    public static byte[] MakeHeader(long contentLength, long metadataLength, ulong contentHash, ulong metadataHash)
    {
        var header = new byte[HeaderLength];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), contentLength);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), metadataLength);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), contentHash);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), metadataHash);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(56), XxHash3.HashToUInt64(header.AsSpan(0, 56)));
        return header;
    }

    /// <summary>Reads the header of a file.</summary>
    /// <exception cref="InvalidDataException">It is no whole header of this version; the message says what is wrong.</exception>
    public static (long ContentLength, int MetadataLength, ulong ContentHash, ulong MetadataHash) ReadHeader(
        ReadOnlySpan<byte> header, long fileLength)
    {
        if (header.Length < HeaderLength || !header.StartsWith(Magic))
        {
            throw new InvalidDataException("it does not begin like one");
        }

        // The version comes before the checksum: another version may sum up another header.
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        if (version != Version)
        {
            throw new InvalidDataException($"its format has version {version}, this program writes version {Version}");
        }

        long content = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
        long metadata = BinaryPrimitives.ReadInt64LittleEndian(header[24..]);
        if (BinaryPrimitives.ReadUInt64LittleEndian(header[56..]) != XxHash3.HashToUInt64(header[..56]))
        {
            throw new InvalidDataException("the checksum of its header does not fit");
        }

        if (HeaderLength + content + metadata != fileLength)
        {
            throw new InvalidDataException(
                $"it has {fileLength} bytes and should have {HeaderLength + content + metadata}");
        }

        return (content, (int)metadata, BinaryPrimitives.ReadUInt64LittleEndian(header[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(header[40..]));
    }
}
