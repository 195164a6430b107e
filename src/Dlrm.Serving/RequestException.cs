using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving;

/// <summary>A request that cannot be answered, and why: what the client is told.</summary>
/// <param name="status">The HTTP status, 4xx or 5xx.</param>
/// <param name="message">For the client: what, got, expected.</param>
internal sealed class RequestException(int status, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>The request is not what it must be.</summary>
    public static RequestException Bad(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <summary>There is no such model, version or place.</summary>
    public static RequestException NotFound(string message) => new(StatusCodes.Status404NotFound, message);

    /// <summary>More rows wait than may.</summary>
    public static RequestException QueueFull(int waiting) => new(
        StatusCodes.Status429TooManyRequests, $"{waiting} rows wait already: the queue is full. Try again after the time that Retry-After gives.");

    /// <summary>The time the request had is over.</summary>
    public static RequestException TooLate() => new(
        StatusCodes.Status504GatewayTimeout, "The time for this request is over; its rows were not scored, or the answer came too late.");

    /// <summary>The server is starting or ending.</summary>
    public static RequestException NotReady(string message) => new(StatusCodes.Status503ServiceUnavailable, message);
}
