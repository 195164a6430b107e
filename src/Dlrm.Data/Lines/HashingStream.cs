using System.IO.Hashing;
using Dlrm.Memory;

namespace Dlrm.Data.Lines;

/// <summary>
/// Reads a file once, front to back, in large pieces, and hashes it on the way. At the end of the file it can go on
/// with other bytes, which are not hashed.
/// </summary>
internal sealed class HashingStream(Stream file) : ForwardStream
{
    private readonly XxHash3 _hash = new();
    private readonly byte[] _buffer = new byte[1 << 18];
    private int _position;
    private int _filled;
    private long _bytesRead;
    private ReadOnlyMemory<byte> _sequel;

    /// <summary>Bytes of the file read so far; any thread may ask.</summary>
    public long BytesRead => Volatile.Read(ref _bytesRead);

    /// <summary>XxHash3 of the bytes read so far.</summary>
    public ulong Hash => _hash.GetCurrentHashAsUInt64();

    /// <summary>What to deliver when the file is over, from the next read on.</summary>
    public void Append(ReadOnlyMemory<byte> sequel) => _sequel = sequel;

    /// <summary>The first bytes of the file, which stay to be read.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        while (_filled < count && FillBuffer())
        {
        }

        return _buffer.AsSpan(0, Math.Min(count, _filled));
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_position == _filled)
        {
            // Where there is room enough, past the own buffer.
            if (buffer.Length >= _buffer.Length / 4 && file.Read(buffer) is var direct and not 0)
            {
                Take(buffer[..direct]);
                return direct;
            }

            _position = _filled = 0;
            if (!FillBuffer())
            {
                int rest = Math.Min(buffer.Length, _sequel.Length);
                _sequel.Span[..rest].CopyTo(buffer);
                _sequel = _sequel[rest..];
                return rest;
            }
        }

        int count = Math.Min(buffer.Length, _filled - _position);
        _buffer.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool FillBuffer()
    {
        int count = file.Read(_buffer, _filled, _buffer.Length - _filled);
        Take(_buffer.AsSpan(_filled, count));
        _filled += count;
        return count > 0;
    }

    private void Take(ReadOnlySpan<byte> read)
    {
        _hash.Append(read);
        Volatile.Write(ref _bytesRead, _bytesRead + read.Length);
    }
}
