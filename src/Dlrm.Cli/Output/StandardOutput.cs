using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Dlrm.Cli.Output;

/// <summary>Whoever read standard output closed it.</summary>
internal sealed class BrokenPipeException() : IOException("whoever read the output closed it");

/// <summary>Standard output as bytes, which says when nobody reads any more.</summary>
internal sealed class StandardOutput : Stream
{
    private const int BrokenPipe = 32;

    private readonly TextWriter _writer;
    private readonly FileStream? _stream;

    private StandardOutput(TextWriter writer, FileStream? stream)
    {
        _writer = writer;
        _stream = stream;
    }

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Opens it.</summary>
    /// <param name="writer">The tool's own, or where a test wants it.</param>
    public static Stream Open(TextWriter writer)
    {
        writer.Flush();
        if (writer is not StreamWriter { BaseStream: var console })
        {
            return new StandardOutput(writer, null);
        }

        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
        {
            return console;
        }

        // The console's own stream takes a closed pipe for an open one, and a command would go on for nobody. A file is left
        // to it: a stream of our own would not move the place at which the next program writes.
        var pipe = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, 1 << 16);
        return pipe.CanSeek ? console : new StandardOutput(writer, pipe);
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_stream is null)
        {
            _writer.Write(Encoding.UTF8.GetString(buffer));
            return;
        }

        try
        {
            _stream.Write(buffer);
        }
        catch (IOException exception) when ((exception.HResult & 0xffff) == BrokenPipe)
        {
            throw new BrokenPipeException();
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        try
        {
            _stream?.Flush();
        }
        catch (IOException exception) when ((exception.HResult & 0xffff) == BrokenPipe)
        {
            throw new BrokenPipeException();
        }
    }
}
