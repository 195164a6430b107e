using Dlrm.Serving.Http;
using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving.Security;

/// <summary>Asks who a client is, before anything of a request's body is read.</summary>
/// <param name="keys">Clients with keys; null for none.</param>
/// <param name="tokens">Tokens; null for none.</param>
internal sealed class Gatekeeper(ApiKeys? keys, JwtKeys? tokens)
{
    /// <summary>The header for a key; <c>Authorization: Bearer</c> takes one too.</summary>
    public const string KeyHeader = "X-Api-Key";

    private const string Bearer = "Bearer ";
    private static readonly object ClientItem = new();

    /// <summary>Who asks: the name of a client, or its address.</summary>
    public static string Client(HttpContext http) =>
        http.Items.TryGetValue(ClientItem, out object? name) ? (string)name! : http.Connection.RemoteIpAddress?.ToString() ?? "";

    /// <summary>Lets a request through, or answers 401.</summary>
    public async Task RunAsync(HttpContext http, RequestDelegate next)
    {
        if ((keys is null && tokens is null) || IsOpen(http.Request.Path))
        {
            await next(http).ConfigureAwait(false);
            return;
        }

        if (await FindAsync(http.Request.Headers).ConfigureAwait(false) is { } client)
        {
            http.Items[ClientItem] = client;
            await next(http).ConfigureAwait(false);
            return;
        }

        http.Response.Headers.WWWAuthenticate = "Bearer";
        await JsonAnswer.SendErrorAsync(
            http,
            StatusCodes.Status401Unauthorized,
            $"Say who you are: a key in {KeyHeader}, or a key or token in Authorization: Bearer.").ConfigureAwait(false);
    }

    /// <summary>Health, which probes ask without a key, and the page, which holds nothing but itself.</summary>
    private static bool IsOpen(PathString path) =>
        path == "/" || path == "/v2/health/live" || path == "/v2/health/ready";

    private async Task<string?> FindAsync(IHeaderDictionary headers)
    {
        if (headers.TryGetValue(KeyHeader, out Microsoft.Extensions.Primitives.StringValues given) && given.Count == 1)
        {
            return keys?.Find(given.ToString());
        }

        string authorization = headers.Authorization.ToString();
        if (!authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        string secret = authorization[Bearer.Length..].Trim();
        string? client = keys?.Find(secret);
        return client ?? (tokens is null ? null : await tokens.FindAsync(secret).ConfigureAwait(false));
    }
}
