using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Dlrm.LoadTest;

/// <summary>One connection that is kept: a request, its answer, the next request.</summary>
internal sealed class Connection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[1 << 13];

    /// <summary>Connects to 127.0.0.1.</summary>
    public async Task OpenAsync(int port) => await _socket.ConnectAsync(IPAddress.Loopback, port).ConfigureAwait(false);

    /// <summary>Sends a request and reads its whole answer.</summary>
    /// <returns>The answer's body, valid until the next request.</returns>
    /// <exception cref="InvalidDataException">Another status than 200.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> request)
    {
        await _socket.SendAsync(request).ConfigureAwait(false);
        int read = 0;
        int head = -1;
        while (head < 0)
        {
            read += await ReceiveAsync(read).ConfigureAwait(false);
            head = _buffer.AsSpan(0, read).IndexOf("\r\n\r\n"u8);
        }

        int length = Length(_buffer.AsSpan(0, head + 2));
        int end = head + 4 + length;
        while (read < end)
        {
            read += await ReceiveAsync(read).ConfigureAwait(false);
        }

        return _buffer.AsMemory(head + 4, length);
    }

    /// <summary>The scores at the end of an answer.</summary>
    public static float[] Scores(ReadOnlyMemory<byte> body, int rows) =>
        MemoryMarshal.Cast<byte, float>(body.Span[^(sizeof(float) * rows)..]).ToArray();

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static int Length(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("HTTP/1.1 200"u8))
        {
            throw new InvalidDataException(System.Text.Encoding.ASCII.GetString(head));
        }

        ReadOnlySpan<byte> name = "\r\nContent-Length: "u8;
        int at = head.IndexOf(name);
        return Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _)
            ? length
            : throw new InvalidDataException("The answer does not say how long it is.");
    }

    private async ValueTask<int> ReceiveAsync(int from)
    {
        int count = await _socket.ReceiveAsync(_buffer.AsMemory(from)).ConfigureAwait(false);
        return count > 0 ? count : throw new IOException("The server closed the connection.");
    }
}
