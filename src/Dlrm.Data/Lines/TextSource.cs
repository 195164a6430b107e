using System.IO.Compression;
using Dlrm.Data.Tables;
using ZstdSharp;

namespace Dlrm.Data.Lines;

/// <summary>The text of a file, unpacked if need be, with a sure answer whether it was whole.</summary>
internal sealed class TextSource : IDisposable
{
    /// <summary>
    /// An own small gzip member, offered to the decoder when the file is over: it comes out again if, and only if, the
    /// file ended where a gzip stream may end. (The framework's decoder itself takes a file cut short for a whole one.)
    /// </summary>
    private static readonly byte[] EndMark = "the end"u8.ToArray();
    private static readonly byte[] PackedEndMark = Pack(EndMark);

    private readonly HashingStream _file;
    private readonly Stream _text;
    private readonly string _path;
    private bool _ended;

    /// <summary>Opens a file; <c>-</c> is standard input.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="BadDataException">It is empty, or in a format that is not read here.</exception>
    public TextSource(string path, bool delimited = false)
    {
        bool standardInput = path == "-";
        if (!standardInput && !File.Exists(path))
        {
            throw Directory.Exists(path)
                ? new BadDataException(path, "this is a folder; expected a file.")
                : new FileNotFoundException($"{path}: there is no such file. Give the path of the raw data file.", path);
        }

        _path = path;
        _file = new HashingStream(standardInput ? Console.OpenStandardInput() : OpenSequential(path));
        try
        {
            ReadOnlySpan<byte> head = _file.Peek(TextFormats.HeadLength);
            if (head.IsEmpty)
            {
                throw new BadDataException(path, "the file is empty.");
            }

            Format = TextFormats.Recognize(head, path, delimited);
            _text = Format switch
            {
                TextFormat.GZip => new GZipStream(_file, CompressionMode.Decompress, leaveOpen: true),
                TextFormat.Zstandard => new DecompressionStream(_file, bufferSize: 1 << 17, checkEndOfStream: true, leaveOpen: true),
                TextFormat.Parquet or TextFormat.Arrow when standardInput => throw new BadDataException(
                    path, "a table cannot be read from standard input; name the file."),
                TextFormat.Parquet or TextFormat.Arrow => new TableTextStream(path, Format),
                _ => _file,
            };
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>How the file is packed.</summary>
    public TextFormat Format { get; }

    /// <summary>True when the file is a table, not text.</summary>
    public bool IsTable => Format is TextFormat.Parquet or TextFormat.Arrow;

    /// <summary>True once the text ended before the packed stream was complete.</summary>
    public bool Truncated { get; private set; }

    /// <summary>Bytes of the file read so far; any thread may ask.</summary>
    public long BytesRead => _file.BytesRead;

    /// <summary>XxHash3 of the file; complete when all text was read.</summary>
    public ulong FileHash => _file.Hash;

    /// <summary>Opens a file for reading front to back, without a buffer.</summary>
    public static FileStream OpenSequential(string path) => new(path, new FileStreamOptions
    {
        Access = FileAccess.Read,
        Mode = FileMode.Open,
        Share = FileShare.Read,
        BufferSize = 0,
        Options = FileOptions.SequentialScan,
    });

    /// <summary>Fills <paramref name="buffer"/> as far as there is text.</summary>
    /// <returns>Bytes written; fewer than asked for only at the end.</returns>
    /// <exception cref="BadDataException">The packed stream is damaged.</exception>
    public int Fill(Span<byte> buffer)
    {
        int filled = 0;
        try
        {
            while (filled < buffer.Length && !_ended)
            {
                int count = _text.Read(buffer[filled..]);
                if (count == 0)
                {
                    _ended = true;
                    CheckEnd();
                }

                filled += count;
            }
        }
        catch (EndOfStreamException)
        {
            _ended = true;
            Truncated = true;
        }
        catch (Exception exception) when (exception is InvalidDataException or ZstdException)
        {
            throw new BadDataException(
                _path, $"the packed stream is damaged ({exception.Message.TrimEnd('.')}). Fetch the file again.", exception);
        }

        return filled;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        if (_text != _file)
        {
            _text.Dispose();
        }

        _file.Dispose();
    }

    private static byte[] Pack(byte[] text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(text);
        }

        return packed.ToArray();
    }

    private void CheckEnd()
    {
        if (IsTable)
        {
            // The table was read through another stream; this one knows the file's hash once it has seen all of it.
            var rest = new byte[1 << 16];
            while (_file.Read(rest) > 0)
            {
            }
        }

        if (Format != TextFormat.GZip)
        {
            return;
        }

        _file.Append(PackedEndMark);
        Span<byte> mark = stackalloc byte[64];
        int length = 0;
        try
        {
            int count;
            while (length < mark.Length && (count = _text.Read(mark[length..])) > 0)
            {
                length += count;
            }
        }
        catch (InvalidDataException)
        {
            length = 0;
        }

        Truncated = !mark[..length].SequenceEqual(EndMark);
    }
}
