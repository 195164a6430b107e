namespace Dlrm.Data.Lines;

/// <summary>How a text file is packed, told by its first bytes, not by its name.</summary>
public enum TextFormat
{
    /// <summary>Not packed.</summary>
    Plain,

    /// <summary>gzip, one member or several.</summary>
    GZip,

    /// <summary>Zstandard, one frame or several.</summary>
    Zstandard,

    /// <summary>A Parquet file, read as delimited text.</summary>
    Parquet,

    /// <summary>An Arrow IPC file, read as delimited text.</summary>
    Arrow,
}

/// <summary>Tells formats apart.</summary>
internal static class TextFormats
{
    /// <summary>Bytes needed to tell.</summary>
    public const int HeadLength = 8;

    /// <summary>True for text packed with gzip or zstd.</summary>
    /// <param name="head">Up to eight bytes.</param>
    public static bool IsPacked(ReadOnlySpan<byte> head) => head is [0x1f, 0x8b, ..] or [0x28, 0xb5, 0x2f, 0xfd, ..];

    /// <summary>The format that a file of these first bytes has.</summary>
    /// <param name="head">Up to eight bytes.</param>
    /// <param name="file">For the message.</param>
    /// <param name="delimited">Delimited text with a header: it may begin with a UTF-8 byte order mark, and be a table.</param>
    /// <exception cref="BadDataException">It is a known format that is not read here.</exception>
    public static TextFormat Recognize(ReadOnlySpan<byte> head, string file, bool delimited = false)
    {
        if (head.StartsWith<byte>([0x1f, 0x8b]))
        {
            return TextFormat.GZip;
        }

        if (head.StartsWith<byte>([0x28, 0xb5, 0x2f, 0xfd])
            || (head.Length >= 4 && head[0] is >= 0x50 and <= 0x5f && head[1..].StartsWith<byte>([0x2a, 0x4d, 0x18])))
        {
            return TextFormat.Zstandard;
        }

        if (delimited && head is [0x50, 0x41, 0x52, 0x31, ..])
        {
            return TextFormat.Parquet;
        }

        if (delimited && head.StartsWith("ARROW1"u8))
        {
            return TextFormat.Arrow;
        }

        string? other = head switch
        {
            [0x50, 0x4b, 0x03, 0x04, ..] => "a zip archive (or a numpy .npz file)",
            [0x42, 0x5a, 0x68, ..] => "a bzip2 file",
            [0xfd, 0x37, 0x7a, 0x58, ..] => "an xz file",
            [0x50, 0x41, 0x52, 0x31, ..] => "a Parquet file",
            [0xff, 0xfe, ..] or [0xfe, 0xff, ..] => "UTF-16 text",
            [0xef, 0xbb, 0xbf, ..] when !delimited => "text with a byte order mark",
            _ => null,
        };
        return other is null
            ? TextFormat.Plain
            : throw new BadDataException(
                file, $"this is {other}; expected plain text of one byte a character, or the same packed with gzip or zstd. Convert it first.");
    }
}
