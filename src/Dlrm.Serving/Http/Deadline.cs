using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Dlrm.Serving.Http;

/// <summary>How long a request may take: what its header <c>Request-Timeout-Ms</c> says, else the server's default.</summary>
internal static class Deadline
{
    /// <summary>The header: whole milliseconds, 1 or more.</summary>
    public const string Header = "Request-Timeout-Ms";

    private const int LongestMs = 600_000;

    /// <summary>Ends when the time is over or the client has gone.</summary>
    /// <param name="http">The request.</param>
    /// <param name="standard">The server's default.</param>
    /// <exception cref="RequestException">The header is no such number.</exception>
    public static CancellationTokenSource Start(HttpContext http, TimeSpan standard)
    {
        TimeSpan time = standard;
        if (http.Request.Headers.TryGetValue(Header, out StringValues given))
        {
            if (!int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds) || milliseconds is 0 or > LongestMs)
            {
                throw RequestException.Bad($"{Header} takes whole milliseconds from 1 to {LongestMs}.");
            }

            time = TimeSpan.FromMilliseconds(milliseconds);
        }

        var source = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        source.CancelAfter(time);
        return source;
    }
}
