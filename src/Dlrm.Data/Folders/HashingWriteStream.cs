using System.IO.Hashing;

namespace Dlrm.Data.Folders;

/// <summary>Writes a file front to back and hashes it on the way. It says where it is, and can go nowhere else.</summary>
internal sealed class HashingWriteStream(Stream file) : Stream
{
    private readonly XxHash3 _hash = new();
    private long _position;

    /// <summary>XxHash3 of the bytes so far.</summary>
    public ulong Hash => _hash.GetCurrentHashAsUInt64();

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => _position;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Waits until the disk has it, where it is a file.</summary>
    public void FlushToDisk() => (file as FileStream)?.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        file.Write(buffer);
        _hash.Append(buffer);
        _position += buffer.Length;
    }

    /// <inheritdoc/>
    public override void Flush() => file.Flush();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) =>
        origin == SeekOrigin.Current && offset == 0 ? _position : throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
