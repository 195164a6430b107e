using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving.Http;

/// <summary>Writes JSON answers through writers that are used again.</summary>
internal sealed class JsonAnswer : IDisposable
{
    private const int Kept = 64;
    private const int LargestKept = 1 << 20;

    private static readonly ConcurrentBag<JsonAnswer> Free = [];

    private readonly ArrayBufferWriter<byte> _bytes = new(1024);
    private readonly Utf8JsonWriter _writer;

    private JsonAnswer() => _writer = new Utf8JsonWriter(_bytes, new JsonWriterOptions { SkipValidation = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Writes one JSON value.</summary>
    /// <typeparam name="TState">What it is written from.</typeparam>
    /// <param name="writer">Where to.</param>
    /// <param name="state">From.</param>
    public delegate void Write<TState>(Utf8JsonWriter writer, in TState state)
        where TState : allows ref struct;

    /// <summary>Answers with a JSON value.</summary>
    /// <typeparam name="TState">What it is written from.</typeparam>
    /// <param name="http">The request.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="state">From.</param>
    /// <param name="write">Writes it.</param>
    public static ValueTask SendAsync<TState>(HttpContext http, int status, in TState state, Write<TState> write)
    {
        JsonAnswer answer = Rent();
        write(answer._writer, state);
        return answer.FlushAsync(http, status);
    }

    /// <summary>Answers with an error: <c>{"error": "…"}</c>.</summary>
    public static ValueTask SendErrorAsync(HttpContext http, int status, string message) =>
        SendAsync(http, status, message, static (Utf8JsonWriter writer, in string text) =>
        {
            writer.WriteStartObject();
            writer.WriteString("error"u8, text);
            writer.WriteEndObject();
        });

    /// <summary>Answers with JSON followed by bytes, as the binary tensor extension does.</summary>
    /// <param name="http">The request.</param>
    /// <param name="state">From.</param>
    /// <param name="write">Writes the JSON.</param>
    /// <param name="data">What follows.</param>
    public static ValueTask SendBinaryAsync<TState>(HttpContext http, in TState state, Write<TState> write, ReadOnlySpan<byte> data)
    {
        JsonAnswer answer = Rent();
        write(answer._writer, state);
        answer._writer.Flush();
        http.Response.Headers["Inference-Header-Content-Length"] =
            answer._bytes.WrittenCount.ToString(System.Globalization.CultureInfo.InvariantCulture);
        answer._bytes.Write(data);
        http.Response.ContentType = "application/octet-stream";
        return answer.FlushAsync(http, StatusCodes.Status200OK);
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private static JsonAnswer Rent() => Free.TryTake(out JsonAnswer? free) ? free : new JsonAnswer();

    private async ValueTask FlushAsync(HttpContext http, int status)
    {
        await _writer.FlushAsync(http.RequestAborted).ConfigureAwait(false);
        http.Response.StatusCode = status;
        http.Response.ContentType ??= "application/json";
        http.Response.ContentLength = _bytes.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(_bytes.WrittenMemory, http.RequestAborted).ConfigureAwait(false);
        if (_bytes.Capacity <= LargestKept && Free.Count < Kept)
        {
            _bytes.ResetWrittenCount();
            _writer.Reset();
            Free.Add(this);
        }
        else
        {
            Dispose();
        }
    }
}
