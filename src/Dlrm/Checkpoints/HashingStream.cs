using System.IO.Hashing;

namespace Dlrm.Checkpoints;

/// <summary>Passes what is written on to a file and hashes it on the way; closing it makes the file durable.</summary>
internal sealed class HashingStream : Stream
{
    private readonly XxHash3 _hash = new();
    private readonly Stream _file;
    private readonly FileLayer _layer;
    private readonly Action<Manifest.Entry> _completed;
    private long _size;
    private bool _failed;
    private bool _closed;

    public HashingStream(Stream file, FileLayer layer, Action<Manifest.Entry> completed)
    {
        _file = file;
        _layer = layer;
        _completed = completed;
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _size;

    public override long Position
    {
        get => _size;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _failed = true; // until it has succeeded
        _file.Write(buffer);
        _failed = false;
        _hash.Append(buffer);
        _size += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && !_closed)
        {
            _closed = true;
            Complete();
        }
    }

    private void Complete()
    {
        using (_file)
        {
            if (_failed)
            {
                return;
            }

            _layer.Flush(_file);
        }

        _completed(new Manifest.Entry(_size, _hash.GetCurrentHashAsUInt64()));
    }
}
