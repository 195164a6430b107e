using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving.Http;

/// <summary>The whole body of a request in borrowed memory. Kestrel bounds its length and how slowly it may come.</summary>
internal readonly struct RequestBody : IDisposable
{
    private readonly byte[] _buffer;
    private readonly int _length;

    private RequestBody(byte[] buffer, int length)
    {
        _buffer = buffer;
        _length = length;
    }

    /// <summary>Its bytes.</summary>
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, _length);

    /// <summary>Its bytes.</summary>
    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, _length);

    /// <summary>Reads a body to its end.</summary>
    /// <param name="http">The request.</param>
    /// <param name="stop">Ends the reading.</param>
    /// <exception cref="RequestException">It is compressed.</exception>
    /// <exception cref="BadHttpRequestException">It is too long, too slow, or ends too early.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpContext http, CancellationToken stop)
    {
        if (http.Request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding != "identity")
        {
            throw new RequestException(
                StatusCodes.Status415UnsupportedMediaType, $"Content-Encoding '{encoding}' is not understood: send the body as it is.");
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(http.Request.ContentLength ?? 4096, 256, 1 << 20));
        int length = 0;
        try
        {
            PipeReader reader = http.Request.BodyReader;
            while (true)
            {
                ReadResult result = await reader.ReadAsync(stop).ConfigureAwait(false);
                int more = checked((int)result.Buffer.Length);
                if (length + more > buffer.Length)
                {
                    byte[] grown = ArrayPool<byte>.Shared.Rent(Math.Max(length + more, checked(2 * buffer.Length)));
                    buffer.AsSpan(0, length).CopyTo(grown);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = grown;
                }

                result.Buffer.CopyTo(buffer.AsSpan(length));
                length += more;
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return new RequestBody(buffer, length);
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
